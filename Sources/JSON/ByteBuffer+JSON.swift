import Bytes
import CSimdjson

extension ByteBuffer {
    /// Appends `text` as a JSON string with its quotes, escaped; see `append(jsonEscaped:limit:)`.
    @discardableResult
    package mutating func append(jsonString text: Span<UInt8>, limit: Int = .max) -> Bool {
        append(UInt8(ascii: "\""))
        let wasCut = append(jsonEscaped: text, limit: limit)
        append(UInt8(ascii: "\""))
        return wasCut
    }

    /// Appends `text` as a JSON string with its quotes, escaped.
    @discardableResult
    package mutating func append(jsonString text: String, limit: Int = .max) -> Bool {
        append(jsonString: text.utf8.span, limit: limit)
    }

    /// Appends the inside of a JSON string: control characters, quotes and backslashes escaped,
    /// what is not UTF-8 as U+FFFD. At most `limit` bytes of `text` are taken, cut between
    /// characters. Answers whether it was cut.
    @discardableResult
    package mutating func append(jsonEscaped text: Span<UInt8>, limit: Int = .max) -> Bool {
        let count = text.characterBoundary(notAfter: limit)
        var position = 0
        while position < count {
            let rest = text.extracting(position..<count)
            var invalid = 0
            // SAFETY: the pointers are valid for the call.
            let plain = unsafe rest.withUnsafeBufferPointer { source in
                unsafe csimdjson_plain_prefix(source.baseAddress, source.count, &invalid)
            }
            append(rest.extracting(0..<plain))
            position += plain
            if invalid > 0 {
                append("\u{FFFD}")
                position += invalid
            } else if position < count {
                append(escapeOf: text[position])
                position += 1
            }
        }
        return count < text.count
    }

    /// Appends the shortest decimal form that reads back as `value`; `null` unless it is finite.
    package mutating func append(jsonNumber value: Double) {
        guard value.isFinite else { return append("null") }
        // SAFETY: 32 bytes hold the longest shortest form, of 24.
        unsafe appendUnsafe(upTo: 32) { room in
            unsafe csimdjson_format_double(
                value, room.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Appends `true` or `false`.
    package mutating func append(jsonBool value: Bool) {
        append(value ? "true" : "false")
    }

    private mutating func append(escapeOf byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0C: append(UInt8(ascii: "f"))
        case 0x0D: append(UInt8(ascii: "r"))
        case 0x00..<0x20:
            append("u00")
            append(ASCII.hexDigit(byte >> 4))
            append(ASCII.hexDigit(byte & 15))
        default: append(byte)
        }
    }
}

extension Span<UInt8> {
    /// The last offset up to `limit` that is not inside a UTF-8 sequence, at most 3 before it.
    fileprivate func characterBoundary(notAfter limit: Int) -> Int {
        guard limit < count else { return count }
        var boundary = Swift.max(0, limit)
        for _ in 0..<3 where boundary > 0 && self[boundary] & 0xC0 == 0x80 { boundary -= 1 }
        return self[boundary] & 0xC0 == 0x80 ? Swift.max(0, limit) : boundary
    }
}
