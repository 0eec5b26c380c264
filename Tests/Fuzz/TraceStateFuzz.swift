// Each line goes through the reader of "tracestate": nothing traps, and what is sent on is
// read back as the same. Built by script/fuzz.

import Bytes
import W3CTraceContext

private func check(_ state: TraceState) {
    precondition(state.count <= TraceState.membersMax)
    precondition(state.bytes.count <= TraceState.charactersMax)
    precondition(state.isEmpty == (state.bytes.count == 0))
    var again = TraceState()
    again.add(state.bytes)
    precondition(again == state)
    var own = state
    precondition(own.prepend("ot", "th:8".utf8.span))
    precondition(own.value(of: "ot") == "th:8")
    precondition(own.count <= TraceState.membersMax)
    own.shorten(to: 100)
    precondition(own.bytes.count <= 100)
    var short = TraceState()
    short.add(own.bytes)
    precondition(short == own)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTraceState(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var reader = TraceContextReader()
    // Without one the other does not count.
    reader.addTraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".utf8.span)
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
        let value = Array(line)
        reader.addTraceState(value.span)
    }
    check(reader.traceState)
    return 0
}
