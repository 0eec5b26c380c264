import Bytes
import CSimdjson

extension JSONDocument {
    /// The bytes between a string's quotes, escapes and all; nil when `value` is no string.
    package func contents(of value: JSONValue) -> Range<Int>? {
        let index = Int(value.token)
        let start = position(of: index)
        guard bytes[start] == UInt8(ascii: "\"") else { return nil }
        return start + 1..<max(start + 1, scalarEnd(of: index) - 1)
    }

    /// Whether `value` is a string with escapes, so that its source is not its text.
    package func hasEscapes(_ value: JSONValue) -> Bool {
        let index = Int(value.token)
        return bytes[position(of: index)] == UInt8(ascii: "\"") && link(of: index) != 0
    }

    /// A string's source between the quotes (its text unless `hasEscapes`); of others, empty.
    @_lifetime(copy self)
    package func rawString(_ value: JSONValue) -> Span<UInt8> {
        bytes.extracting(contents(of: value) ?? 0..<0)
    }

    /// Bytes of a member's decoded name: what a switch over names begins with.
    package func nameCount(_ key: JSONValue) -> Int {
        let index = Int(key.token)
        guard link(of: index) == 0 else { return decodedCount(key) }
        // Without escapes the closing quote is the last before the colon, mostly next to it.
        let start = position(of: index)
        let next = position(of: index + 1)
        return bytes[next - 1] == UInt8(ascii: "\"") ? next - start - 2 : rawString(key).count
    }

    private func decodedCount(_ value: JSONValue) -> Int {
        var text = ByteBuffer()
        appendString(value, to: &text)
        return text.count
    }

    /// Whether `value` is a string with this text.
    package func string(_ value: JSONValue, equals text: StaticString) -> Bool {
        string(value, equals: text.bytes)
    }

    /// Whether `value` is a string with this text, in UTF-8.
    package func string(_ value: JSONValue, equals text: Span<UInt8>) -> Bool {
        let index = Int(value.token)
        let start = position(of: index) + 1
        guard bytes[start - 1] == UInt8(ascii: "\"") else { return false }
        if link(of: index) == 0 {
            // Without escapes the one quote before the next token is the closing one.
            let end = start + text.count
            return end < position(of: index + 1) && bytes[end] == UInt8(ascii: "\"")
                && bytes.extracting(start..<end).equals(text)
        }
        let raw = rawString(value)
        // SAFETY: both pointers are valid for their counts during the call.
        return unsafe raw.withUnsafeBufferPointer { mine in
            unsafe text.withUnsafeBufferPointer { other in
                unsafe csimdjson_unescaped_equals(
                    mine.baseAddress, mine.count, other.baseAddress, other.count) != 0
            }
        }
    }

    /// Appends a string's decoded text in UTF-8; a lone surrogate becomes U+FFFD. False, with
    /// nothing appended, when `value` is no string.
    @discardableResult
    package func appendString(_ value: JSONValue, to buffer: inout ByteBuffer) -> Bool {
        guard let range = contents(of: value) else { return false }
        let raw = bytes.extracting(range)
        guard link(of: Int(value.token)) != 0 else {
            buffer.append(raw)
            return true
        }
        // SAFETY: decoding never makes a string longer, and both ranges are valid for the call.
        unsafe raw.withUnsafeBufferPointer { source in
            unsafe buffer.appendUnsafe(upTo: source.count) { room in
                unsafe csimdjson_unescape(
                    source.baseAddress, source.count,
                    room.baseAddress?.assumingMemoryBound(to: UInt8.self))
            }
        }
        return true
    }

    /// A copy of a string's decoded text, or nil. For what is kept; not for the hot path.
    package func text(_ value: JSONValue) -> String? {
        guard let range = contents(of: value) else { return nil }
        guard hasEscapes(value) else { return String(decoding: bytes.extracting(range)) }
        var buffer = ByteBuffer(capacity: range.count)
        appendString(value, to: &buffer)
        return String(decoding: buffer.bytes)
    }

    /// A number written as an integer that `Int` holds. nil for any other value, and for a number
    /// with a fraction or an exponent, even a whole one ("1.0", "1e2").
    package func integer(_ value: JSONValue) -> Int? {
        guard kind(of: value) == .number, link(of: Int(value.token)) == 0 else { return nil }
        let source = source(of: value)
        let isNegative = source[0] == UInt8(ascii: "-")
        var result = 0
        for index in (isNegative ? 1 : 0)..<source.count {
            let digit = source[index] &- 0x30
            guard digit < 10 else { return nil }
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, carried) =
                isNegative
                ? product.subtractingReportingOverflow(Int(digit))
                : product.addingReportingOverflow(Int(digit))
            guard !overflow, !carried else { return nil }
            result = sum
        }
        return result
    }

    /// A number as the nearest double. nil for any other value and for a magnitude beyond the
    /// largest double; one below the smallest is zero.
    package func double(_ value: JSONValue) -> Double? {
        guard kind(of: value) == .number else { return nil }
        var result = 0.0
        // SAFETY: the pointers are valid for the call.
        let isFinite = unsafe source(of: value).withUnsafeBufferPointer { source in
            unsafe csimdjson_parse_double(source.baseAddress, source.count, &result) != 0
        }
        return isFinite ? result : nil
    }

    /// A boolean's value; nil for any other value.
    package func bool(_ value: JSONValue) -> Bool? {
        switch kind(of: value) {
        case .true: true
        case .false: false
        default: nil
        }
    }
}
