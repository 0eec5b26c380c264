import Bytes

/// Copies valid JSON, in parts cut anywhere, without the white space between its tokens.
struct JSONCompactor {
    private var isInString = false
    /// The last byte was a backslash that escapes the next one.
    private var isEscaped = false

    /// Appends the next part.
    mutating func append(_ source: Span<UInt8>, to buffer: inout ByteBuffer) {
        var position = 0
        while position < source.count {
            let start = position
            if isInString {
                position = endOfString(source, from: position)
                buffer.append(source.extracting(start..<position))
                continue
            }
            while position < source.count, source[position] > 0x20 {
                position += 1
                if source[position - 1] == UInt8(ascii: "\"") {
                    isInString = true
                    break
                }
            }
            buffer.append(source.extracting(start..<position))
            while !isInString, position < source.count, source[position] <= 0x20 { position += 1 }
        }
    }

    /// Goes on in a string; answers the offset behind its closing quote, or the part's end.
    private mutating func endOfString(_ source: Span<UInt8>, from start: Int) -> Int {
        var position = start
        if isEscaped {
            isEscaped = false
            position += 1
        }
        var quote = -1
        while position < source.count {
            if quote < position {
                quote = source.firstIndex(of: UInt8(ascii: "\""), from: position) ?? source.count
            }
            let plain = source.extracting(position..<quote)
            guard let backslash = plain.firstIndex(of: UInt8(ascii: "\\")) else {
                guard quote < source.count else { return quote }
                isInString = false
                return quote + 1
            }
            position += backslash + 2
        }
        // Beyond the end: what the last backslash escapes is in the next part.
        isEscaped = position > source.count
        return source.count
    }
}
