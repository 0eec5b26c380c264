/// Sends what it has gathered when the tasks of a turn of the loop have run, together with others:
/// what wakes up a peer wakes it up once.
package protocol LoopGathering: AnyObject {
    /// Sends now what was gathered. On the loop's thread; what was gathered may have gone already.
    func flush()
}
