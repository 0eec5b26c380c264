import Bytes

/// A step through a request's body.
package struct BodyStep: Sendable, Equatable {
    /// Bytes from the front that were understood and may be dropped once `data` was used.
    package var consumed: Int
    /// Where body bytes stand among those; empty where this step saw none.
    package var data: Range<Int>
    /// The last byte of the request was consumed.
    package var isComplete: Bool
}

/// A strict HTTP/1.1 request parser without input or output of its own (RFC 9112).
///
/// What the RFC lets a server refuse is refused. Use: `parseHead` until it answers, then
/// `parseBody` until it is complete, then `reset`. After an error only close.
package struct HTTP1RequestParser: ~Copyable {
    /// The limits in force.
    package let limits: HTTP1Limits
    /// The head, once `parseHead` answered; valid until `reset`.
    package internal(set) var head = RequestHead()

    /// A parser for the requests of one connection.
    package init(limits: HTTP1Limits = HTTP1Limits()) {
        self.limits = limits
    }

    /// Looks for a request's head at the front of `bytes`, the unconsumed bytes of a connection.
    ///
    /// Answers the head's length once it is complete, `head` filled; nil where more bytes are
    /// needed: call again with the same bytes and more behind them. What was seen is not scanned
    /// again. Limits hold for an incomplete head too.
    package mutating func parseHead(_ bytes: Span<UInt8>) throws(HTTP1ParseError) -> Int? {
        nil
    }

    /// Sets the most bytes the body may have and refuses one whose Content-Length is beyond it.
    ///
    /// Call between the head and the body; without it the body has no limit. A chunked body is
    /// refused at the chunk that goes beyond.
    package mutating func limitBody(to bytes: Int) throws(HTTP1ParseError) {
    }

    /// One step through the body, whose unconsumed bytes are at the front of `bytes`.
    ///
    /// A step that consumed nothing and is not complete needs more bytes. A request without a body
    /// is complete at the first step, also with no bytes.
    package mutating func parseBody(_ bytes: Span<UInt8>) throws(HTTP1ParseError) -> BodyStep {
        BodyStep(consumed: 0, data: 0..<0, isComplete: true)
    }

    /// Makes ready for the next request of the connection, whose bytes follow the last one's.
    package mutating func reset() {
    }
}
