import Bytes
import JSON

/// The inputs of one request whose embeddings are known, and the answer made of them and of the
/// provider's for the rest.
///
/// Vectors are copied as they stand, never decoded. Where anything is not as expected no answer is
/// made, and the whole request must be asked.
package struct KnownEmbeddings: ~Copyable {
    /// Where in `bytes` the vector of each input stands; nil where it is not known.
    private var items: [Range<Int>?]
    private var bytes = ByteBuffer()
    private var model = ByteBuffer()
    private var isBase64: Bool?
    /// `length` of each vector.
    private var length = 0
    private var promptTokens = 0
    private var totalTokens = 0
    /// How many are known.
    package private(set) var count = 0

    /// Of a request with `itemCount` inputs.
    package init(itemCount: Int) {
        items = [Range<Int>?](repeating: nil, count: itemCount)
    }

    /// No input has to be asked for.
    package var isComplete: Bool { count == items.count }

    /// Whether the embedding of the input at `index` is known.
    package func isKnown(_ index: Int) -> Bool { items[index] != nil }

    /// Takes the embedding of the input at `index` from the answer `plain` that `item` was read
    /// of; false, with nothing taken, where its model, form or length is another than of those
    /// before it, or it is known already.
    package mutating func add(_ item: EmbeddingItem, of plain: Span<UInt8>, at index: Int) -> Bool {
        let name = plain.extracting(item.model)
        let vector = plain.extracting(item.embedding)
        let numbers = Self.length(vector)
        let (prompt, promptOverflows) = promptTokens.addingReportingOverflow(item.promptTokens)
        let (total, totalOverflows) = totalTokens.addingReportingOverflow(item.totalTokens)
        guard items[index] == nil, !promptOverflows, !totalOverflows else { return false }
        if count > 0 {
            guard isBase64 == item.isBase64, name.equals(model.bytes), numbers == length
            else { return false }
        } else {
            model.append(name)
            isBase64 = item.isBase64
            length = numbers
        }
        let start = bytes.count
        bytes.append(vector)
        items[index] = start..<bytes.count
        promptTokens = prompt
        totalTokens = total
        count += 1
        return true
    }

    /// Commas of an array, or bytes of base64: the same for vectors of one dimension.
    private static func length(_ vector: Span<UInt8>) -> Int {
        vector[0] == UInt8(ascii: "[") ? vector.count(of: UInt8(ascii: ",")) : vector.count
    }

    /// Appends the answer to a request whose inputs are all known; false, with nothing appended,
    /// where they are not.
    package func appendAnswer(to buffer: inout ByteBuffer) -> Bool {
        guard isComplete, count > 0 else { return false }
        buffer.append("{\"object\":\"list\",\"data\":[")
        for index in items.indices { append(index, to: &buffer) }
        buffer.append("],\"model\":")
        buffer.append(model.bytes)
        buffer.append(",\"usage\":{\"prompt_tokens\":")
        buffer.append(decimal: promptTokens)
        buffer.append(",\"total_tokens\":")
        buffer.append(decimal: totalTokens)
        buffer.append("}}")
        return true
    }

    /// Appends the provider's answer for the inputs that are not known with the known ones put
    /// in: each at its index, their tokens added, every other byte as it was. False, with nothing
    /// appended, where the answer is not what it is to be.
    package func appendMerged(
        _ answer: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) -> Bool {
        guard let rest = EmbeddingAnswer(answer, count: items.count - count) else { return false }
        let source = answer.bytes
        let (prompt, overflows) = promptTokens.addingReportingOverflow(rest.promptTokens.count)
        let (total, totalOverflows) = totalTokens.addingReportingOverflow(rest.totalTokens.count)
        guard !overflows, !totalOverflows else { return false }
        if count > 0 {
            guard rest.isBase64 == isBase64, source.extracting(rest.model).equals(model.bytes),
                rest.vectors.allSatisfy({
                    Self.length(answer.bytes.extracting($0.embedding)) == length
                })
            else { return false }
        }
        var edits = [(rest.promptTokens.range, prompt), (rest.totalTokens.range, total)]
        edits.append((rest.data, -1))
        edits.sort { $0.0.lowerBound < $1.0.lowerBound }
        var splice = JSONSplice()
        for (range, number) in edits {
            splice.remove(range, of: source, into: &buffer)
            if number >= 0 {
                buffer.append(decimal: number)
            } else {
                append(source, rest, to: &buffer)
            }
        }
        splice.finish(source, into: &buffer)
        return true
    }

    /// Appends the whole `data`, known elements and the others in their order.
    private func append(
        _ source: Span<UInt8>, _ rest: EmbeddingAnswer, to buffer: inout ByteBuffer
    ) {
        buffer.append(UInt8(ascii: "["))
        var next = 0
        for index in items.indices {
            if items[index] != nil {
                append(index, to: &buffer)
                continue
            }
            buffer.separate()
            let vector = rest.vectors[next]
            next += 1
            buffer.append(source.extracting(vector.element.lowerBound..<vector.index.lowerBound))
            buffer.append(decimal: index)
            buffer.append(source.extracting(vector.index.upperBound..<vector.element.upperBound))
        }
        buffer.append(UInt8(ascii: "]"))
    }

    /// Appends the known element at `index`, after a comma where one is due.
    private func append(_ index: Int, to buffer: inout ByteBuffer) {
        guard let known = items[index] else { return }
        buffer.separate()
        buffer.append("{\"object\":\"embedding\",\"index\":")
        buffer.append(decimal: index)
        buffer.append(",\"embedding\":")
        buffer.append(bytes.bytes.extracting(known))
        buffer.append("}")
    }
}
