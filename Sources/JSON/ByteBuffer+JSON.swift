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
        append(text)
        return false
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
}
