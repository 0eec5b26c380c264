import Bytes

/// Which of a cluster's 16,384 slots a key is in (Redis cluster specification, "Key distribution
/// model"): CRC16/XMODEM of the key, or of what stands between its first braces.
package enum HashSlot {
    /// How many slots a cluster has.
    package static let count = 16384

    /// The slot of `key`.
    package static func of(_ key: Span<UInt8>) -> Int {
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key.firstIndex(of: UInt8(ascii: "}"), from: open + 1), close > open + 1
        {
            return Int(crc16(key.extracting(open + 1..<close))) % count
        }
        return Int(crc16(key)) % count
    }

    /// CRC16 with the polynomial 0x1021, starting at 0.
    private static func crc16(_ bytes: Span<UInt8>) -> UInt16 {
        var crc: UInt16 = 0
        for index in bytes.indices {
            crc = crc << 8 ^ table[Int(crc >> 8 ^ UInt16(bytes[index]))]
        }
        return crc
    }

    private static let table: InlineArray<256, UInt16> = {
        var table = InlineArray<256, UInt16>(repeating: 0)
        for index in 0..<256 {
            var crc = UInt16(index) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
            table[index] = crc
        }
        return table
    }()
}
