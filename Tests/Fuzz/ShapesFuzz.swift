// Bytes are taken as a stream and as a plain answer: assembly and replay never trap, what is
// assembled is JSON that may be stored and does not depend on the pieces of the stream, and what is
// replayed assembles to an answer whose replay assembles to the same bytes. Built by script/fuzz.

import Bytes
import JSON
import OpenAIAPI

private let bytesMax = 64 << 10

private func array(_ bytes: Span<UInt8>) -> [UInt8] {
    bytes.indices.map { bytes[$0] }
}

/// The plain answer of a stream; nil where it was refused.
private func assemble(_ stream: [UInt8], _ endpoint: Endpoint, step: Int) -> [UInt8]? {
    var scanner = JSONScanner()
    var reader = StreamReader(endpoint: endpoint)
    reader.assembly = AnswerAssembly(endpoint: endpoint, bytesMax: bytesMax)
    var rest = stream[...]
    while !rest.isEmpty {
        reader.read(Array(rest.prefix(step)).span, scanner: &scanner)
        rest = rest.dropFirst(step)
    }
    var answer = ByteBuffer()
    do throws(AssemblyError) {
        _ = try reader.assembly?.finish(to: &answer)
    } catch {
        precondition(answer.isEmpty)
        return nil
    }
    precondition(answer.count <= bytesMax)
    return array(answer.bytes)
}

/// The stream of a plain answer; nil where it has none.
private func replay(_ plain: [UInt8], _ endpoint: Endpoint) -> [UInt8]? {
    var scanner = JSONScanner()
    guard (try? scanner.scan(plain.span)) != nil else { return nil }
    let document = scanner.document(plain.span)
    guard var replay = AnswerReplay(document, endpoint: endpoint, includesUsage: true)
    else { return nil }
    var stream: [UInt8] = []
    while true {
        var piece = ByteBuffer()
        let hasMore = replay.next(plain.span, into: &piece)
        precondition(piece.count <= 4 * AnswerReplay.pieceBytes)
        stream += array(piece.bytes)
        if !hasMore { return stream }
    }
}

private func judge(_ plain: [UInt8], _ endpoint: Endpoint) -> StorableAnswer.Refusal? {
    var scanner = JSONScanner()
    return StorableAnswer.judge(plain.span, endpoint: endpoint, scanner: &scanner)
}

/// Items of an embeddings request or answer, whichever it is.
private func takeEmbeddings(_ bytes: [UInt8]) {
    var scanner = JSONScanner()
    guard (try? scanner.scan(bytes.span)) != nil else { return }
    let document = scanner.document(bytes.span)
    var result = ByteBuffer()
    if let items = EmbeddingItems(document) {
        let known = KnownEmbeddings(itemCount: items.items.count)
        items.appendBody(bytes.span, without: known, to: &result)
        var again = JSONScanner()
        precondition((try? again.scan(result.bytes)) != nil)
    }
    result.removeAll()
    var known = KnownEmbeddings(itemCount: 2)
    if let item = EmbeddingItem(document), known.add(item, of: bytes.span, at: 1),
        known.appendMerged(document, to: &result)
    {
        var again = JSONScanner()
        precondition(
            StorableAnswer.judge(
                result.bytes, endpoint: .embeddings, inputCount: 2, scanner: &again) == nil)
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzShapes(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard bytes.count > 2 else { return 0 }
    let endpoints: [Endpoint] = [.chatCompletions, .responses, .completions]
    let endpoint = endpoints[Int(bytes[0]) % endpoints.count]
    let input = Array(bytes[2...])
    takeEmbeddings(input)
    let assembled = assemble(input, endpoint, step: .max)
    precondition(assemble(input, endpoint, step: Int(bytes[1]) + 1) == assembled)
    if let assembled {
        precondition(judge(assembled, endpoint) == nil, "what is assembled cannot be stored")
        // Of a response, items may be unknown; all that makes chunks can be replayed.
        precondition(endpoint == .responses || replay(assembled, endpoint) != nil)
    }
    for plain in [assembled ?? [], input] {
        guard let stream = replay(plain, endpoint) else { continue }
        precondition(judge(plain, endpoint) == nil)
        guard let once = assemble(stream, endpoint, step: .max) else {
            // A response is nested deeper in its events.
            let depth = plain.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
            precondition(depth > 100, "what is replayed is refused")
            continue
        }
        guard let secondStream = replay(once, endpoint) else {
            preconditionFailure("what is assembled of a replay has none")
        }
        precondition(assemble(secondStream, endpoint, step: .max) == once)
    }
    return 0
}
