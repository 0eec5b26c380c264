// A streamed answer, cut into pieces by the input's first bytes, goes through the reader and the
// usage filter: they never trap, what they read and let through does not depend on the pieces, and
// the messages they put together are JSON. Built by script/fuzz.

import Bytes
import JSON
import OpenAIAPI

/// What a reader made of a stream.
private struct Outcome: Equatable {
    var facts: [String] = []
    var messages: [UInt8] = []
    var output: [UInt8] = []
}

private func array(_ bytes: Span<UInt8>) -> [UInt8] {
    bytes.indices.map { bytes[$0] }
}

private func texts(of facts: borrowing AnswerFacts) -> [String] {
    var result = [
        String(decoding: facts.id), String(decoding: facts.model),
        String(decoding: facts.serviceTier), String(decoding: facts.systemFingerprint),
        String(decoding: facts.errorType), String(decoding: facts.errorCode),
        String(decoding: facts.errorMessage), String(decoding: facts.conversationID),
        "\(facts.chunkCount) \(facts.unreadableCount) \(facts.hasContent) \(facts.isDone)",
        "\(facts.eventsAfterDone) \(facts.hasError) \(facts.hasCalls)",
        "\(String(describing: facts.usage)) \(String(describing: facts.responseEnd))",
    ]
    if let usage = facts.usage {
        precondition((usage.inputTokensWithCached ?? 0) >= (usage.inputTokens ?? 0))
        precondition((usage.outputTokensWithReasoning ?? 0) >= (usage.outputTokens ?? 0))
    }
    precondition(facts.choices.count <= AnswerFacts.choicesMax)
    for position in facts.choices.indices {
        result.append(String(decoding: facts.finishReason(at: position)))
    }
    return result
}

private func outcome(_ reader: borrowing StreamReader) -> Outcome {
    var result = Outcome()
    result.facts = texts(of: reader.facts)
    var options = MessageContent.Options()
    options.partBytesMax = 300
    options.attributeBytesMax = 4000
    var writer = MessageContent(options: options)
    var messages = ByteBuffer()
    if reader.appendOutputMessages(with: &writer, to: &messages) {
        var scanner = JSONScanner()
        precondition((try? scanner.scan(messages.bytes)) != nil, "the messages are not JSON")
    } else {
        precondition(messages.isEmpty)
    }
    result.messages = array(messages.bytes)
    return result
}

private func makeReader(_ endpoint: Endpoint) -> StreamReader {
    StreamReader(endpoint: endpoint, captureBytesMax: 2000, eventBytesMax: 4000)
}

private func read(_ pieces: [ArraySlice<UInt8>], _ endpoint: Endpoint) -> Outcome {
    var scanner = JSONScanner()
    var reader = makeReader(endpoint)
    for piece in pieces { reader.read(Array(piece).span, scanner: &scanner) }
    return outcome(reader)
}

private func filter(_ pieces: [ArraySlice<UInt8>], _ endpoint: Endpoint) -> Outcome {
    var scanner = JSONScanner()
    var filter = UsageFilter(reader: makeReader(endpoint))
    var output = ByteBuffer()
    for piece in pieces {
        filter.filter(Array(piece).span, into: &output, scanner: &scanner)
        precondition(filter.heldBytes <= UsageFilter.heldBytesMax)
    }
    filter.finish(into: &output)
    var result = outcome(filter.reader)
    result.output = array(output.bytes)
    return result
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSSE(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard bytes.count > 4 else { return 0 }
    let endpoints: [Endpoint] = [.chatCompletions, .responses, .completions]
    let endpoint = endpoints[Int(bytes[0]) % endpoints.count]
    let steps = bytes[1..<4].map { Int($0) + 1 }
    let stream = bytes[4...]
    var pieces: [ArraySlice<UInt8>] = []
    var rest = stream
    var step = 0
    while !rest.isEmpty {
        pieces.append(rest.prefix(steps[step % steps.count]))
        rest = rest.dropFirst(steps[step % steps.count])
        step += 1
    }
    let whole = read([stream], endpoint)
    precondition(read(pieces, endpoint) == whole, "what is read depends on the pieces")
    let filtered = filter([stream], endpoint)
    precondition(filter(pieces, endpoint) == filtered, "what is let through does")
    precondition(filtered.facts == whole.facts && filtered.messages == whole.messages)
    precondition(filtered.output.count <= stream.count)
    return 0
}
