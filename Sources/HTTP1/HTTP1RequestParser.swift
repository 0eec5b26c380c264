import Bytes

/// A strict HTTP/1.1 request parser without input or output of its own (RFC 9112).
///
/// What the RFC lets a server refuse is refused. Use: `parseHead` until it answers, then
/// `parseBody` until it is complete, then `reset`. After an error only close. The result does not
/// depend on how the bytes were cut into pieces.
package struct HTTP1RequestParser: ~Copyable {
    /// The limits in force.
    package let limits: HTTP1Limits
    /// The head, once `parseHead` answered; valid until `reset`.
    package internal(set) var head = RequestHead()

    var progress = HeadProgress()
    var body = BodyProgress()

    /// A parser for the requests of one connection.
    package init(limits: HTTP1Limits = HTTP1Limits()) {
        self.limits = limits
    }

    /// Sets the most bytes the body may have and refuses one whose Content-Length is beyond it.
    ///
    /// Call between the head and the body; without it the body has no limit. A chunked body is
    /// refused at the chunk that goes beyond, before its data.
    package mutating func limitBody(to bytes: Int) throws(HTTP1ParseError) {
        body.bytesMax = bytes
        if case .length(let length) = head.framing, length > bytes {
            throw HTTP1ParseError(.bodyTooLarge, at: 0)
        }
    }

    /// Makes ready for the next request of the connection, whose bytes follow the last one's.
    package mutating func reset() {
        head.reset()
        progress = HeadProgress()
        body = BodyProgress()
    }
}

/// How far the head was read and what its lines said so far.
struct HeadProgress {
    enum Phase: UInt8 {
        /// Nothing but an empty line that is forgiven.
        case start
        case requestLine
        case fields
        case complete
    }

    var phase = Phase.start
    /// Offset of the first byte of the line being read.
    var lineStart = 0
    /// Offset up to which no line feed was found.
    var scanned = 0
    /// Offset of the first field line.
    var fieldsStart = 0
    /// The whole head's bytes, once complete.
    var length = 0

    /// The authority of an absolute-form or authority-form target.
    var targetAuthority: Range<Int>?
    var host: Range<Int>?
    var contentLength: Int?
    var transferEncodingOffset: Int?
    var chunkedCodings = 0
    var unknownCodingOffset: Int?
    var closes = false
    var keepsAlive = false
    var namesUpgrade = false
    var hasUpgrade = false
    var expects100 = false
    var unknownExpectationOffset: Int?
}
