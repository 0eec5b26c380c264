// A document goes through everything that reads requests and answers: nothing traps, messages and
// edited bodies are JSON, and an edited body says what it was edited to say. The first byte chooses
// the endpoint. Built by script/fuzz.

import Bytes
import JSON
import OpenAIAPI

private func isJSON(_ bytes: Span<UInt8>) -> Bool {
    var scanner = JSONScanner()
    return (try? scanner.scan(bytes)) != nil
}

private func checkRequest(_ body: Span<UInt8>, _ endpoint: Endpoint) {
    var scanner = JSONScanner()
    guard let request = try? CallRequest(body, endpoint: endpoint, scanner: &scanner) else {
        return
    }
    var text = ByteBuffer()
    request.model.append(from: body, to: &text)
    precondition(!text.isEmpty && text.count <= CallRequest.modelBytesMax)
    precondition(request.stopSequences.count <= CallRequest.stopSequencesMax)
    for found in request.stopSequences + [request.user, request.conversation].compactMap({ $0 }) {
        found.append(from: body, to: &text)
    }
    var edited = ByteBuffer()
    let asks = request.usageInjection != nil
    request.appendBody(body, model: "other\"model".utf8.span, asksForUsage: asks, to: &edited)
    precondition(isJSON(edited.bytes), "an edited body is no JSON")
    guard let again = try? CallRequest(edited.bytes, endpoint: endpoint, scanner: &scanner) else {
        preconditionFailure("an edited body cannot be read")
    }
    precondition(again.model.string(from: edited.bytes) == "other\"model")
    precondition(!asks || again.includesUsage == true)
    precondition(again.temperature == request.temperature && again.seed == request.seed)
    precondition(again.messageCount == request.messageCount)
}

private func checkContent(_ body: Span<UInt8>, _ endpoint: Endpoint, partBytesMax: Int) {
    var scanner = JSONScanner()
    guard (try? scanner.scan(body)) != nil else { return }
    let document = scanner.document(body)
    var options = MessageContent.Options()
    options.partBytesMax = partBytesMax
    options.attributeBytesMax = partBytesMax * 8
    var content = MessageContent(options: options)
    for kind in 0..<4 {
        var result = ByteBuffer()
        let isThere =
            switch kind {
            case 0: content.appendInputMessages(of: document, endpoint: endpoint, to: &result)
            case 1: content.appendOutputMessages(of: document, endpoint: endpoint, to: &result)
            case 2:
                content.appendSystemInstructions(of: document, endpoint: endpoint, to: &result)
            default: content.appendToolDefinitions(of: document, to: &result)
            }
        precondition(isThere ? isJSON(result.bytes) : result.isEmpty, "content is no JSON")
    }
}

private func checkAnswer(_ body: Span<UInt8>, _ endpoint: Endpoint) {
    var scanner = JSONScanner()
    let facts = AnswerReader.read(body, endpoint: endpoint, scanner: &scanner)
    precondition(facts.choices.count <= AnswerFacts.choicesMax)
    precondition(facts.errorMessage.count <= 4 * AnswerFacts.messageCharactersMax)
    precondition(facts.id.count <= AnswerFacts.textBytesMax)
    precondition((facts.embeddingDimensions ?? 0) >= 0)
    if let usage = facts.usage {
        precondition((usage.inputTokens ?? 0) >= 0 && (usage.cachedInputTokens ?? 0) >= 0)
        precondition((usage.inputTokensWithCached ?? 0) >= (usage.inputTokens ?? 0))
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let endpoints: [Endpoint] = [.chatCompletions, .responses, .completions, .embeddings]
    let endpoint = endpoints[Int(first) % endpoints.count]
    let body = Array(bytes.dropFirst())
    checkRequest(body.span, endpoint)
    checkAnswer(body.span, endpoint)
    checkContent(body.span, endpoint, partBytesMax: 40)
    checkContent(body.span, endpoint, partBytesMax: 32 << 10)
    return 0
}
