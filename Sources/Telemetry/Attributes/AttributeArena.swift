import Bytes

/// What an entry of an `AttributeArena` holds.
package enum AttributeType: UInt8, Sendable {
    /// Replaced by a later entry, or a text that is no attribute.
    case dead
    /// UTF-8.
    case string
    /// UTF-8 of a JSON document with message content.
    case content
    /// Eight bytes, the least significant first, two's complement.
    case int
    /// Eight bytes, the least significant first, IEEE 754.
    case double
    /// One byte, 0 or 1.
    case bool
    /// Elements of UTF-8, each after its length in four bytes.
    case strings
}

/// Where one attribute lies in the bytes of an `AttributeArena`.
package struct AttributeEntry: Sendable {
    /// What the value is.
    package let type: AttributeType
    /// The name's bytes.
    package let key: Range<Int>
    /// The value's bytes.
    package let value: Range<Int>

    /// The attribute at or after `offset`, which moves behind it; nil at the end.
    package static func next(in bytes: Span<UInt8>, at offset: inout Int) -> AttributeEntry? {
        while offset < bytes.count {
            let entry = AttributeEntry(in: bytes, at: offset)
            offset = entry.value.upperBound
            if entry.type != .dead { return entry }
        }
        return nil
    }

    /// The element at or after `offset`, counted from the value's start, of a value of type
    /// `strings`; `offset` moves behind it.
    package static func nextElement(
        of value: Range<Int>, in bytes: Span<UInt8>, at offset: inout Int
    ) -> Range<Int>? {
        let start = value.lowerBound + offset
        guard start < value.upperBound else { return nil }
        let length = Int(bytes.littleEndian32(at: start))
        offset += 4 + length
        return (start + 4)..<(start + 4 + length)
    }

    init(in bytes: Span<UInt8>, at offset: Int) {
        let header = bytes.littleEndian64(at: offset)
        type = AttributeType(rawValue: UInt8(truncatingIfNeeded: header)) ?? .dead
        let keyStart = offset + AttributeArena.headerBytes
        let keyEnd = keyStart + Int(header >> 8 & 0xFF)
        key = keyStart..<keyEnd
        value = keyEnd..<(keyEnd + Int(header >> 32))
    }
}

/// Attributes in one run of bytes: setting one is a copy, without an allocation of its own.
///
/// Keys are unique: the last value set for a key wins, and takes the place of the first where
/// it has the same type and length. Each entry is a header (type, key's length, two bytes unused,
/// value's length in four bytes), the key and the value.
package struct AttributeArena: ~Copyable {
    static let headerBytes = 8
    /// Bytes of a key; longer ones, which only callers' baggage can bring, are dropped.
    package static let keyBytesMax = 255

    private var buffer: ByteBuffer
    private let limits: SpanLimits
    /// A bit for each key's hash: most sets need no search for an earlier value.
    private var seen: UInt64 = 0
    /// Attributes there are.
    package private(set) var count = 0
    /// Attributes that were left out for the count limit or an impossible key.
    package private(set) var droppedCount = 0

    /// An arena without attributes; `capacity` is in bytes.
    package init(limits: SpanLimits, capacity: Int = 512) {
        self.limits = limits
        buffer = ByteBuffer(capacity: capacity)
    }

    /// The entries, to be read by `AttributeEntry.next(in:at:)`.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes }
    }

    /// Lends `bytes`.
    package func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        buffer.withBytes(body)
    }

    /// Sets text: what is not UTF-8 becomes U+FFFD, what is over the limit is cut off.
    package mutating func set(_ key: Span<UInt8>, string value: Span<UInt8>) {
        guard let start = open(key, .string, replacing: nil) else { return }
        Text.append(
            value, charactersMax: limits.valueCharactersMax, bytesMax: limits.valueBytesMax,
            to: &buffer)
        close(start)
    }

    /// Sets a JSON document with message content. One over `limits.contentBytesMax` is shortened
    /// inside its strings so that it stays valid JSON, or dropped where that is impossible.
    package mutating func set(_ key: Span<UInt8>, content value: Span<UInt8>) {
        guard let start = open(key, .content, replacing: nil) else { return }
        guard value.count > limits.contentBytesMax else {
            Text.append(value, charactersMax: .max, bytesMax: .max, to: &buffer)
            return close(start)
        }
        let fits = ContentTruncation.shorten(
            value, bytesMax: limits.contentBytesMax, into: &buffer)
        guard fits else {
            buffer.truncate(to: start)
            count -= 1
            droppedCount += 1
            return
        }
        close(start)
    }

    /// Sets a whole number.
    package mutating func set(_ key: Span<UInt8>, int value: Int) {
        set(key, .int, word: UInt64(bitPattern: Int64(value)))
    }

    /// Sets a number.
    package mutating func set(_ key: Span<UInt8>, double value: Double) {
        set(key, .double, word: value.bitPattern)
    }

    /// Sets a truth value.
    package mutating func set(_ key: Span<UInt8>, bool value: Bool) {
        let byte: UInt8 = value ? 1 : 0
        guard let start = open(key, .bool, replacing: 1) else { return }
        let offset = start + Self.headerBytes + key.count
        if offset < buffer.count {
            buffer.overwrite(at: offset, with: byte)
        } else {
            buffer.append(byte)
            close(start)
        }
    }

    /// Adds an element to the array of strings under `key`, which the first call makes.
    package mutating func append(_ key: Span<UInt8>, element: Span<UInt8>) {
        let start: Int
        if let old = find(key), entry(at: old).type == .strings {
            start = moveToEnd(old)
        } else if let new = open(key, .strings, replacing: nil) {
            start = new
        } else {
            return
        }
        let lengthAt = buffer.count
        buffer.append(littleEndian: UInt32(0))
        Text.append(
            element, charactersMax: limits.valueCharactersMax, bytesMax: limits.valueBytesMax,
            to: &buffer)
        patch(lengthAt, length: buffer.count - lengthAt - 4)
        close(start)
    }

    /// Makes an array of strings under `key` that has no element yet.
    package mutating func setEmptyArray(_ key: Span<UInt8>) {
        guard let start = open(key, .strings, replacing: nil) else { return }
        close(start)
    }

    /// Keeps a text that is no attribute; the result is its place in `bytes`.
    mutating func keepText(
        _ text: Span<UInt8>, charactersMax: Int, escaped: Bool
    ) -> Range<Int> {
        let start = buffer.count
        writeHeader(.dead, keyBytes: 0)
        if escaped {
            Text.appendEscaped(text, charactersMax: charactersMax, to: &buffer)
        } else {
            Text.append(text, charactersMax: charactersMax, bytesMax: .max, to: &buffer)
        }
        close(start)
        return (start + Self.headerBytes)..<buffer.count
    }
}

extension AttributeArena {
    private mutating func set(_ key: Span<UInt8>, _ type: AttributeType, word: UInt64) {
        guard let start = open(key, type, replacing: 8) else { return }
        let offset = start + Self.headerBytes + key.count
        if offset < buffer.count {
            buffer.overwrite(at: offset, withLittleEndian: word)
        } else {
            buffer.append(littleEndian: word)
            close(start)
        }
    }

    /// The start of an entry for `key`: a new one whose value is to be appended, or, where the
    /// key has a value of this type and `length`, that one. Nil: no room, counted.
    private mutating func open(
        _ key: Span<UInt8>, _ type: AttributeType, replacing length: Int?
    ) -> Int? {
        guard key.count <= Self.keyBytesMax, !key.isEmpty else {
            droppedCount += 1
            return nil
        }
        if let old = find(key) {
            let entry = entry(at: old)
            if entry.type == type, entry.value.count == length { return old }
            buffer.overwrite(at: old, with: AttributeType.dead.rawValue)
            count -= 1
        }
        guard count < limits.attributeCountMax else {
            droppedCount += 1
            return nil
        }
        count += 1
        seen |= Self.bit(of: key)
        let start = buffer.count
        writeHeader(type, keyBytes: key.count)
        buffer.append(key)
        return start
    }

    private mutating func writeHeader(_ type: AttributeType, keyBytes: Int) {
        buffer.append(littleEndian: UInt64(type.rawValue) | UInt64(keyBytes) << 8)
    }

    /// Writes the length of the value that ends here into the entry's header.
    private mutating func close(_ start: Int) {
        let keyBytes = Int(buffer.bytes[start + 1])
        patch(start + 4, length: buffer.count - start - Self.headerBytes - keyBytes)
    }

    private mutating func patch(_ offset: Int, length: Int) {
        buffer.overwrite(at: offset, withLittleEndian: UInt32(clamping: length))
    }

    private mutating func moveToEnd(_ start: Int) -> Int {
        let end = entry(at: start).value.upperBound
        guard end != buffer.count else { return start }
        let newStart = buffer.count
        buffer.reserve(end - start)
        for index in start..<end {
            let byte = buffer.bytes[index]
            buffer.append(byte)
        }
        buffer.overwrite(at: start, with: AttributeType.dead.rawValue)
        return newStart
    }

    private func entry(at start: Int) -> AttributeEntry {
        AttributeEntry(in: buffer.bytes, at: start)
    }

    private func find(_ key: Span<UInt8>) -> Int? {
        guard seen & Self.bit(of: key) != 0 else { return nil }
        let bytes = buffer.bytes
        var start = 0
        while start < bytes.count {
            let entry = AttributeEntry(in: bytes, at: start)
            if entry.type != .dead, entry.key.count == key.count,
                bytes.extracting(entry.key).equals(key)
            {
                return start
            }
            start = entry.value.upperBound
        }
        return nil
    }

    private static func bit(of key: Span<UInt8>) -> UInt64 {
        guard !key.isEmpty else { return 0 }
        var hash = UInt64(key.count) &* 0x9E37_79B9_7F4A_7C15
        hash ^= UInt64(key[key.count - 1]) &* 0xC2B2_AE3D_27D4_EB4F
        hash ^= UInt64(key[key.count / 2]) &* 0x1656_67B1_9E37_79F9
        hash ^= UInt64(key[key.count * 3 / 4]) &* 0x27D4_EB2F_1656_67C5
        return 1 << (hash >> 58)
    }
}
