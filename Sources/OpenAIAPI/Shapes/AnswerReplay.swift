import Bytes
import JSON

/// Writes a plain answer as the stream of events that a provider would have sent.
///
/// It is planned once, when the answer's document is at hand, as a short list of steps that point
/// into the answer's bytes; then written piece by piece, each of about `pieceBytes`, so that a
/// large answer does not fill memory. Texts are cut into deltas of at most `deltaBytesMax` bytes,
/// never inside an escape sequence, a pair of surrogates or a UTF-8 sequence. Values are copied
/// without white space between their tokens: a line end would end the event's line.
///
/// What it does not know how to stream makes no replay: nil, which is a miss.
package struct AnswerReplay: ~Copyable {
    /// Bytes after which a piece ends; it may be over by a delta and what stands around it.
    package static let pieceBytes = 16 << 10
    /// Bytes of a text in one delta, at most.
    package static let deltaBytesMax = 2 << 10
    /// Bytes of a list of `logprobs` in one chunk: a longer one only where one element is longer.
    static let listBytesMax = 4 << 10
    /// Bytes of each member that all chunks repeat, such as `id`, as it is written.
    static let nameBytesMax = 1 << 10
    /// Steps of one answer at most: it has thousands of parts, and is not replayed.
    static let stepsMax = 64 << 10

    /// What is written next.
    enum Step {
        /// These bytes.
        case text(StaticString)
        case number(Int)
        /// The beginning of each chunk, up to its `choices`.
        case head
        /// A part of the answer, without white space.
        case copy(Range<Int>)
        /// The next delta of a text, whose contents stand there.
        case slice(Range<Int>)
        /// Back to the step with that number where the text above is not at its end.
        case again(Int)
        /// The number of the event in its stream, from 0 on.
        case sequence
    }

    private(set) var steps: [Step] = []
    /// See `Step.head`.
    var head = ByteBuffer()
    private var nextStep = 0
    /// How far the copy at hand has come; nil between two.
    private var copied: Int?
    /// How far the text whose deltas are written has come; nil between two.
    private var sliced: Int?
    /// The end of that text.
    private var sliceEnd = 0
    private var compactor = JSONCompactor()
    private var sequenceNumber = 0

    /// The plan for an answer, plain and complete; nil where it cannot be a stream.
    /// `includesUsage`: the request has `stream_options.include_usage`.
    package init?(
        _ document: borrowing JSONDocument, endpoint: Endpoint, includesUsage: Bool
    ) {
        let isPlanned: Bool
        switch endpoint {
        case .chatCompletions, .completions:
            isPlanned = planChunks(document, endpoint, includesUsage: includesUsage)
        case .responses: isPlanned = planResponse(document)
        case .embeddings, .models, .other: return nil
        }
        guard isPlanned, steps.count <= Self.stepsMax else { return nil }
    }

    /// Appends the next piece of the stream; false when it was the last. `plain` holds the bytes
    /// of the document that was planned.
    package mutating func next(_ plain: Span<UInt8>, into buffer: inout ByteBuffer) -> Bool {
        let end = buffer.count + Self.pieceBytes
        while nextStep < steps.count {
            guard buffer.count < end else { return true }
            write(steps[nextStep], plain, into: &buffer)
        }
        return false
    }

    /// Adds a step to the plan, unless it is too long already.
    mutating func add(step: Step) {
        guard steps.count <= Self.stepsMax else { return }
        steps.append(step)
    }

    private mutating func write(
        _ step: Step, _ plain: Span<UInt8>, into buffer: inout ByteBuffer
    ) {
        switch step {
        case .text(let text): buffer.append(text)
        case .number(let number): buffer.append(decimal: number)
        case .head: buffer.append(head.bytes)
        case .copy(let range):
            let start = copied ?? range.lowerBound
            let end = min(range.upperBound, start + Self.pieceBytes)
            compactor.append(plain.extracting(start..<end), to: &buffer)
            if end < range.upperBound {
                copied = end
                return
            }
            copied = nil
        case .slice(let range):
            let start = sliced ?? range.lowerBound
            let end = Self.deltaEnd(in: plain.extracting(range), from: start - range.lowerBound)
            buffer.append(plain.extracting(start..<range.lowerBound + end))
            sliced = range.lowerBound + end
            sliceEnd = range.upperBound
        case .again(let target):
            if let sliced, sliced < sliceEnd {
                nextStep = target
                return
            }
            sliced = nil
        case .sequence:
            buffer.append(decimal: sequenceNumber)
            sequenceNumber += 1
        }
        nextStep += 1
    }

    /// Where a delta that begins at `start` of the inside of a string ends.
    private static func deltaEnd(in text: Span<UInt8>, from start: Int) -> Int {
        guard text.count - start > deltaBytesMax else { return text.count }
        let limit = start + deltaBytesMax
        var position = start
        while let backslash = text.firstIndex(of: UInt8(ascii: "\\"), from: position),
            backslash < limit
        {
            let end = backslash + escapeCount(in: text, at: backslash)
            if end > limit { return backslash }
            position = end
        }
        var end = limit
        while end > position, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// Bytes of the escape sequence at `start`, or of two that are a pair of surrogates.
    private static func escapeCount(in text: Span<UInt8>, at start: Int) -> Int {
        guard start + 1 < text.count, text[start + 1] == UInt8(ascii: "u") else { return 2 }
        let isPair =
            isEscaped(in: text, at: start, high: 0xD8)
            && isEscaped(in: text, at: start + 6, high: 0xDC)
        return isPair ? 12 : 6
    }

    /// Whether a code unit of the four blocks from `high` on stands escaped at `start`.
    private static func isEscaped(in text: Span<UInt8>, at start: Int, high: UInt8) -> Bool {
        guard start + 6 <= text.count, text[start] == UInt8(ascii: "\\"),
            text[start + 1] == UInt8(ascii: "u"),
            let first = ASCII.hexValue(text[start + 2]),
            let second = ASCII.hexValue(text[start + 3])
        else { return false }
        return (first << 4 | second) & 0xFC == high
    }
}
