import Bytes

/// Shortens JSON documents inside their strings, so that they stay JSON.
package enum ContentTruncation {
    /// What stands at the end of a string that was cut.
    package static let marker: StaticString = "...[truncated]"
    /// Bytes each string may keep, tried from the left until the document fits.
    static let stringBytesSteps = [65_536, 16_384, 4_096, 1_024, 256, 64]

    /// Appends `json` with long strings cut until it has at most `bytesMax` bytes. False, and
    /// nothing appended: it cannot be made so short.
    package static func shorten(
        _ json: Span<UInt8>, bytesMax: Int, into buffer: inout ByteBuffer
    ) -> Bool {
        let start = buffer.count
        for step in stringBytesSteps {
            if cutStrings(of: json, to: step, bytesMax: bytesMax, into: &buffer) { return true }
            buffer.truncate(to: start)
        }
        return false
    }

    /// False where the result would pass `bytesMax`: it is then incomplete.
    private static func cutStrings(
        of json: Span<UInt8>, to stringBytesMax: Int, bytesMax: Int, into buffer: inout ByteBuffer
    ) -> Bool {
        let start = buffer.count
        var index = 0
        var copied = 0
        while index < json.count {
            guard json[index] == UInt8(ascii: "\"") else {
                index += 1
                continue
            }
            let opening = index + 1
            let cut = cutPoint(json, from: opening, bytesMax: stringBytesMax)
            let closing = closingQuote(json, from: max(opening, cut))
            if closing - opening > stringBytesMax {
                buffer.append(json.extracting(copied..<cut))
                buffer.append(marker)
                copied = closing
            }
            index = min(json.count, closing + 1)
            if buffer.count - start > bytesMax { return false }
        }
        buffer.append(json.extracting(copied..<json.count))
        return buffer.count - start <= bytesMax
    }

    /// The last place at most `bytesMax` bytes behind `start` that splits no escape and no
    /// character; the closing quote where it comes first.
    private static func cutPoint(_ json: Span<UInt8>, from start: Int, bytesMax: Int) -> Int {
        var index = start
        while index < json.count, json[index] != UInt8(ascii: "\"") {
            let length = unitLength(json, at: index)
            if index + length - start > bytesMax { return index }
            index += length
        }
        return min(index, json.count)
    }

    /// Bytes of the character or escape at `index`; a pair of surrogate escapes is one.
    private static func unitLength(_ json: Span<UInt8>, at index: Int) -> Int {
        guard json[index] == UInt8(ascii: "\\") else {
            var length = 1
            while index + length < json.count, json[index + length] & 0xC0 == 0x80 { length += 1 }
            return length
        }
        guard index + 3 < json.count, json[index + 1] == UInt8(ascii: "u") else { return 2 }
        guard ASCII.lowercased(json[index + 2]) == UInt8(ascii: "d") else { return 6 }
        switch ASCII.hexValue(json[index + 3]) ?? 0 {
        case 8...11: return 12
        default: return 6
        }
    }

    private static func closingQuote(_ json: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < json.count, json[index] != UInt8(ascii: "\"") {
            index += json[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index, json.count)
    }
}
