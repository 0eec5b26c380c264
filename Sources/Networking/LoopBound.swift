/// A value that is confined to a loop and held elsewhere too: only on the loop can it be used.
@safe
package struct LoopBound<Value>: @unchecked Sendable {
    // SAFETY: the value is read in `use` alone, which checks that it runs on the loop's thread;
    // that it is dropped there too is the business of who makes it.
    private let value: Value
    private let loop: EventLoop

    /// Binds `value` to `loop`.
    package init(_ value: Value, to loop: EventLoop) {
        self.value = value
        self.loop = loop
    }

    /// Lends the value, on the loop's thread.
    package func use<Result>(_ body: (Value) -> Result) -> Result {
        precondition(loop.isCurrent, "a value of a loop is used on another thread")
        return body(value)
    }
}
