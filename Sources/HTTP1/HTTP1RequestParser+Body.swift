import Bytes

/// A step through a message's body.
package struct BodyStep: Sendable, Equatable {
    /// Bytes from the front that were understood and may be dropped once `data` was used.
    package var consumed: Int
    /// Where body bytes stand among those; empty where this step saw none.
    package var data: Range<Int>
    /// The last byte of the message was consumed.
    package var isComplete: Bool
}

extension HTTP1RequestParser {
    /// One step through the body, whose unconsumed bytes are at the front of `bytes`.
    ///
    /// A step that consumed nothing and is not complete needs more bytes. A request without a body
    /// is complete at the first step, also with no bytes. Trailers are checked and dropped.
    package mutating func parseBody(_ bytes: Span<UInt8>) throws(HTTP1ParseError) -> BodyStep {
        precondition(progress.phase == .complete, "the body comes after the head")
        if body.phase == .unstarted { body.begin(head.framing) }
        return try body.step(bytes, limits)
    }
}

extension BodyProgress {
    /// One step through the body, which was begun.
    mutating func step(
        _ bytes: Span<UInt8>, _ limits: HTTP1Limits
    ) throws(HTTP1ParseError) -> BodyStep {
        switch phase {
        case .complete:
            return BodyStep(consumed: 0, data: 0..<0, isComplete: true)
        case .length:
            let count = takeData(upTo: bytes.count, then: .complete)
            return BodyStep(consumed: count, data: 0..<count, isComplete: phase == .complete)
        default:
            return try stepChunks(bytes, limits)
        }
    }

    /// Goes through framing up to and over one run of data, and over the framing behind it: to the
    /// next chunk's data, the end of the body or the end of `bytes`.
    private mutating func stepChunks(
        _ bytes: Span<UInt8>, _ limits: HTTP1Limits
    ) throws(HTTP1ParseError) -> BodyStep {
        var position = 0
        var data = 0..<0
        while position < bytes.count, phase != .complete {
            if phase == .chunkData {
                guard data.isEmpty else { break }
                let count = takeData(upTo: bytes.count - position, then: .chunkEnd)
                data = position..<position + count
                position += count
                continue
            }
            do {
                try read(bytes[position], limits)
            } catch {
                // The data before it is good: it goes out first and the next step throws this.
                guard !data.isEmpty else { throw error }
                break
            }
            position += 1
        }
        return BodyStep(consumed: position, data: data, isComplete: phase == .complete)
    }
}
