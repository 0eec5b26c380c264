/// Sends what it has gathered at the end of the loop's tasks or callbacks, together with others:
/// what wakes up a peer wakes it up once.
package protocol LoopGathering: AnyObject {
    /// Sends now what was gathered. On the loop's thread; what was gathered may have gone already.
    func flush()
}
