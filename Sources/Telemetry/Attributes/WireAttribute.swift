import Bytes

/// Where an attribute that `AttributeWire` wrote lies.
package struct WireAttribute {
    /// All of it, tag and length included.
    let range: Range<Int>
    /// The name's bytes.
    let key: Range<Int>
    /// The `AnyValue`.
    let value: Range<Int>

    /// The attribute at `start`.
    init(in bytes: Span<UInt8>, at start: Int) {
        var offset = start + 1
        let length = Self.varint(bytes, &offset)
        let end = offset + length
        offset += 1
        let keyLength = Self.varint(bytes, &offset)
        key = offset..<(offset + keyLength)
        offset += keyLength + 1
        _ = Self.varint(bytes, &offset)
        value = offset..<end
        range = start..<end
    }

    /// Where a field with a length ends that begins at `start` and has a tag of one byte.
    package static func end(ofFieldAt start: Int, in bytes: Span<UInt8>) -> Int {
        var offset = start + 1
        let length = varint(bytes, &offset)
        return offset + length
    }

    /// The attribute with that name at or after `offset`.
    static func find(
        _ key: Span<UInt8>, in bytes: Span<UInt8>, from offset: Int
    ) -> WireAttribute? {
        var start = offset
        while start < bytes.count {
            let attribute = WireAttribute(in: bytes, at: start)
            if attribute.key.count == key.count, bytes.extracting(attribute.key).equals(key) {
                return attribute
            }
            start = attribute.range.upperBound
        }
        return nil
    }

    /// The elements on the wire where the value is an array; else none.
    @_lifetime(copy bytes)
    func elements(in bytes: Span<UInt8>) -> Span<UInt8> {
        guard !value.isEmpty, bytes[value.lowerBound] == 0x2A else {
            return bytes.extracting(0..<0)
        }
        var offset = value.lowerBound + 1
        _ = Self.varint(bytes, &offset)
        return bytes.extracting(offset..<value.upperBound)
    }

    /// Appends the attributes from `offset` on as `AttributeEntry` reads them.
    static func appendEntries(
        of bytes: Span<UInt8>, from offset: Int, areContent: Bool, to output: inout ByteBuffer
    ) {
        var start = offset
        while start < bytes.count {
            let attribute = WireAttribute(in: bytes, at: start)
            attribute.appendEntry(in: bytes, isContent: areContent, to: &output)
            start = attribute.range.upperBound
        }
    }

    private func appendEntry(
        in bytes: Span<UInt8>, isContent: Bool, to output: inout ByteBuffer
    ) {
        var offset = value.lowerBound + 1
        var text = ByteBuffer()
        let type: AttributeType
        switch bytes[value.lowerBound] {
        case 0x10:
            type = .bool
            text.append(bytes[offset])
        case 0x18:
            type = .int
            text.append(
                littleEndian: UInt64(bitPattern: Int64(Self.varint(bytes, &offset))))
        case 0x21:
            type = .double
            text.append(bytes.extracting(offset..<value.upperBound))
        case 0x2A:
            type = .strings
            appendElements(in: bytes, to: &text)
        default:
            type = isContent ? .content : .string
            _ = Self.varint(bytes, &offset)
            text.append(bytes.extracting(offset..<value.upperBound))
        }
        AttributeEntry.appendHeader(
            type, keyBytes: key.count, valueBytes: text.count, to: &output)
        output.append(bytes.extracting(key))
        output.append(text)
    }

    private func appendElements(in bytes: Span<UInt8>, to text: inout ByteBuffer) {
        let elements = elements(in: bytes)
        var offset = 0
        while offset < elements.count {
            offset += 1
            _ = Self.varint(elements, &offset)
            offset += 1
            let length = Self.varint(elements, &offset)
            text.append(littleEndian: UInt32(length))
            text.append(elements.extracting(offset..<(offset + length)))
            offset += length
        }
    }

    /// The base-128 varint at `offset`, which moves behind it.
    private static func varint(_ bytes: Span<UInt8>, _ offset: inout Int) -> Int {
        var byte = bytes[offset]
        offset += 1
        guard byte > 0x7F else { return Int(byte) }
        var value = UInt64(byte & 0x7F)
        var shift: UInt64 = 7
        repeat {
            byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            shift += 7
        } while byte > 0x7F
        return Int(truncatingIfNeeded: value)
    }
}
