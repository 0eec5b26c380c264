import Bytes
import JSON
import OpenAIAPI

/// The bytes of a text, owned.
func buffer(_ text: String) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.append(string: text)
    return buffer
}

func buffer(_ bytes: [UInt8]) -> ByteBuffer {
    ByteBuffer(copying: bytes.span)
}

func string(_ buffer: borrowing ByteBuffer) -> String {
    String(decoding: buffer.bytes)
}

/// `AnswerFacts` as ordinary values, to compare.
struct Facts: Equatable {
    var id = ""
    var model = ""
    var serviceTier = ""
    var systemFingerprint = ""
    var finishReasons: [String] = []
    var choiceIndices: [Int] = []
    var usage: AnswerFacts.Usage?
    var chunkCount = 0
    var unreadableCount = 0
    var hasContent = false
    var isDone = false
    var eventsAfterDone = 0
    var hasError = false
    var errorType = ""
    var errorCode = ""
    var errorMessage = ""
    var embeddingDimensions: Int?

    init(_ facts: borrowing AnswerFacts) {
        id = String(decoding: facts.id)
        model = String(decoding: facts.model)
        serviceTier = String(decoding: facts.serviceTier)
        systemFingerprint = String(decoding: facts.systemFingerprint)
        for position in facts.choices.indices {
            choiceIndices.append(facts.choices[position].index)
            finishReasons.append(String(decoding: facts.finishReason(at: position)))
        }
        usage = facts.usage
        chunkCount = facts.chunkCount
        unreadableCount = facts.unreadableCount
        hasContent = facts.hasContent
        isDone = facts.isDone
        eventsAfterDone = facts.eventsAfterDone
        hasError = facts.hasError
        errorType = String(decoding: facts.errorType)
        errorCode = String(decoding: facts.errorCode)
        errorMessage = String(decoding: facts.errorMessage)
        embeddingDimensions = facts.embeddingDimensions
    }
}

/// A stream read to its end.
struct ReadStream: Equatable {
    var facts: Facts
    /// `gen_ai.output.messages`, where the content was captured.
    var messages: String?
    /// What a usage filter let through.
    var output: [UInt8] = []
    var heldBytesMax = 0
}

/// Reads a stream that comes in `pieces`.
func read(
    _ pieces: [[UInt8]], endpoint: Endpoint = .chatCompletions, captureBytesMax: Int = 0
) -> ReadStream {
    var scanner = JSONScanner()
    var reader = StreamReader(endpoint: endpoint, captureBytesMax: captureBytesMax)
    for piece in pieces { reader.read(piece.span, scanner: &scanner) }
    return ReadStream(facts: Facts(reader.facts), messages: messages(of: reader))
}

/// Reads a stream that comes in `pieces` through a usage filter.
func filter(_ pieces: [[UInt8]], captureBytesMax: Int = 0) -> ReadStream {
    var scanner = JSONScanner()
    var filter = UsageFilter(
        reader: StreamReader(endpoint: .chatCompletions, captureBytesMax: captureBytesMax))
    var output = ByteBuffer()
    var heldBytesMax = 0
    for piece in pieces {
        filter.filter(piece.span, into: &output, scanner: &scanner)
        heldBytesMax = max(heldBytesMax, filter.heldBytes)
    }
    filter.finish(into: &output)
    var result = ReadStream(
        facts: Facts(filter.reader.facts), messages: messages(of: filter.reader))
    result.output = array(output)
    result.heldBytesMax = heldBytesMax
    return result
}

func array(_ buffer: borrowing ByteBuffer) -> [UInt8] {
    let bytes = buffer.bytes
    return bytes.indices.map { bytes[$0] }
}

private func messages(of reader: borrowing StreamReader) -> String? {
    guard reader.content != nil else { return nil }
    var result = ByteBuffer()
    var writer = MessageContent()
    _ = reader.appendOutputMessages(with: &writer, to: &result)
    return string(result)
}

/// Two pieces, cut at `offset`.
func cut(_ bytes: [UInt8], at offset: Int) -> [[UInt8]] {
    [Array(bytes[..<offset]), Array(bytes[offset...])]
}

/// Pieces of random lengths from 0 to `max`.
func randomCut(
    _ bytes: [UInt8], max: Int, using generator: inout SeededGenerator
) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
        let end = Swift.min(bytes.count, start + Int.random(in: 0...max, using: &generator))
        pieces.append(Array(bytes[start..<end]))
        start = end
    }
    return pieces
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
