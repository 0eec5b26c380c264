/// Bytes as the source of choices: the same bytes make the same choices, whoever made them up.
struct Choices {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position >= bytes.count }

    /// Zero behind the end.
    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        position += 1
        return bytes[position - 1]
    }

    mutating func below(_ limit: Int) -> Int { Int(byte()) % limit }

    /// A number of which small, large and negative ones are likely.
    mutating func word() -> UInt64 {
        let kind = byte()
        if kind < 128 { return UInt64(kind) }
        if kind < 160 { return UInt64.max - UInt64(kind & 7) }
        if kind < 192 { return 1 &<< UInt64(kind & 63) &- 1 }
        var word: UInt64 = 0
        for _ in 0..<8 { word = word << 8 | UInt64(byte()) }
        return word
    }

    mutating func double() -> Double {
        switch byte() {
        case 0: 0
        case 1: -0.0
        case 2: .infinity
        case 3: -.infinity
        case 4: .nan
        case 5: .leastNonzeroMagnitude
        case 6: .greatestFiniteMagnitude
        case 7...99: Double(byte()) / 8
        default: Double(bitPattern: word())
        }
    }

    /// Bytes that need not be UTF-8: up to 15 as a rule, up to 4,000 now and then.
    mutating func text() -> [UInt8] {
        let length = byte()
        var text: [UInt8] = []
        for _ in 0..<Int(length & 15) { text.append(byte()) }
        guard length >= 0xF0, !text.isEmpty else { return text }
        return Array(repeatElement(text, count: 1 + Int(byte())).joined())
    }

    /// Bytes that stand in a header.
    mutating func printable() -> [UInt8] {
        text().map { 0x21 + $0 % 0x5E }
    }
}
