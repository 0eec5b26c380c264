/// A protocol buffers message taken apart, without anything of the code under test.
package struct WireMessage {
    package enum Field: Equatable, Sendable {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes([UInt8])
    }

    package let fields: [(number: Int, value: Field)]

    /// Nil where the bytes are no message.
    package init?(_ bytes: [UInt8]) {
        var fields: [(number: Int, value: Field)] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let tag = Self.varint(&rest) else { return nil }
            let number = Int(tag >> 3)
            switch tag & 7 {
            case 0:
                guard let value = Self.varint(&rest) else { return nil }
                fields.append((number, .varint(value)))
            case 1:
                guard rest.count >= 8 else { return nil }
                fields.append((number, .fixed64(Self.word(rest.prefix(8)))))
                rest = rest.dropFirst(8)
            case 2:
                guard let length = Self.varint(&rest), length <= rest.count else { return nil }
                fields.append((number, .bytes(Array(rest.prefix(Int(length))))))
                rest = rest.dropFirst(Int(length))
            case 5:
                guard rest.count >= 4 else { return nil }
                fields.append((number, .fixed32(UInt32(Self.word(rest.prefix(4))))))
                rest = rest.dropFirst(4)
            default: return nil
            }
        }
        self.fields = fields
    }

    package func all(_ number: Int) -> [Field] {
        fields.filter { $0.number == number }.map(\.value)
    }

    /// The only field of that number.
    package func only(_ number: Int) -> Field? {
        let found = all(number)
        return found.count == 1 ? found[0] : nil
    }

    package func messages(_ number: Int) -> [WireMessage] {
        all(number).compactMap { field in
            if case .bytes(let bytes) = field { WireMessage(bytes) } else { nil }
        }
    }

    package func message(_ number: Int) -> WireMessage? {
        let found = messages(number)
        return found.count == 1 ? found[0] : nil
    }

    package func string(_ number: Int) -> String? {
        if case .bytes(let bytes) = only(number) {
            String(decoding: bytes, as: UTF8.self)
        } else {
            nil
        }
    }

    package func numbers() -> [Int] { fields.map(\.number) }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}

/// The spans of an export request.
package func decodedSpans(_ body: [UInt8]) -> [WireMessage] {
    let scopes = WireMessage(body)?.message(1)?.message(2)
    return scopes?.messages(2) ?? []
}
