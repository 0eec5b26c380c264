import Bytes

/// What a transfer tells its owner; called on the loop's thread. `cancel`, `resume` and, after the
/// end, `release` are allowed in all calls, and so is starting another transfer.
package protocol HTTPTransferObserver: AnyObject {
    /// The request is about to leave on a connection, new or kept; `peer` is the numeric address.
    func transferConnected(_ transfer: HTTPTransfer)
    /// The head of the final answer is in `status`, `head` and `fields`.
    func transferReceivedHead(_ transfer: HTTPTransfer)
    /// A piece of the body. False: not now; it is delivered again after `resume`.
    func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool
    /// More of a streamed request body is wanted.
    func transferWantsBody(_ transfer: HTTPTransfer)
    /// The end, once; nil when the answer is complete. Not called from within another call.
    func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?)
}
