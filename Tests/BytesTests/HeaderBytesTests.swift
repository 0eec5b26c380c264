import Bytes
import Testing

private func endOfToken(_ bytes: [UInt8], from offset: Int = 0) -> Int {
    bytes.span.endOfToken(from: offset)
}

private func firstControl(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
    bytes.span.firstControl(in: range)
}

private func isSame(_ bytes: [UInt8], _ literal: StaticString) -> Bool {
    bytes.span.equalsIgnoringCase(literal)
}

/// What looks at eight bytes at a time is held against what looks at one.
@Suite struct HeaderBytesTests {
    private static let marks = Array("!#$%&'*+-.^_`|~".utf8)

    private static func isToken(_ byte: UInt8) -> Bool {
        marks.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte)
    }

    @Test func `a token ends at the first byte that none has, wherever it stands`() {
        for byte in UInt8.min...UInt8.max {
            let isToken = Self.isToken(byte)
            for length in 0..<20 {
                for place in 0...length {
                    var bytes = Array("Content-Type-X9_abcdefgh".utf8.prefix(length))
                    bytes.insert(byte, at: place)
                    #expect(endOfToken(bytes) == (isToken ? bytes.count : place))
                }
            }
        }
        #expect(endOfToken(Array("ab:cd".utf8), from: 3) == 5)
        #expect(endOfToken([]) == 0)
    }

    @Test func `a control character is found in the range, and none behind it`() {
        for byte in UInt8.min...UInt8.max {
            let isControl = byte < 0x20 && byte != 0x09 || byte == 0x7F
            for length in 1..<26 {
                for place in [0, 1, length / 2, length - 1] where place < length {
                    var bytes = [UInt8](repeating: 0xC3, count: length)
                    bytes[place] = byte
                    #expect(firstControl(bytes, 0..<length) == (isControl ? place : nil))
                    #expect(firstControl(bytes, 0..<place) == nil)
                    #expect(firstControl(bytes, (place + 1)..<length) == nil)
                }
            }
        }
    }

    @Test(arguments: [
        "te", "via", "host", "allow", "accept", "api-key", "location", "forwarded",
        "x-request-id", "authorization", "accept-encoding", "content-encoding",
        "transfer-encoding", "strict-transport-security", "x_1~a.b",
    ]) func `a name is the same in any case, and no other`(name: String) throws {
        let literals: [StaticString] = [
            "te", "via", "host", "allow", "accept", "api-key", "location", "forwarded",
            "x-request-id", "authorization", "accept-encoding", "content-encoding",
            "transfer-encoding", "strict-transport-security", "x_1~a.b",
        ]
        let literal = try #require(literals.first { $0.description == name })
        let bytes = Array(name.utf8)
        #expect(isSame(Array(name.uppercased().utf8), literal))
        #expect(!isSame(bytes + [0x78], literal))
        #expect(!isSame(bytes.dropLast(), literal))
        for place in bytes.indices {
            for byte in UInt8.min...UInt8.max {
                var other = bytes
                other[place] = byte
                #expect(isSame(other, literal) == (ASCII.lowercased(byte) == bytes[place]))
            }
        }
    }

    @Test func `eight bytes are lower-cased as one is`() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<8 {
                let neighbour = UInt64(0x40) << UInt64((place ^ 1) * 8)
                let lower = UInt64(ASCII.lowercased(byte)) << UInt64(place * 8)
                let word = UInt64(byte) << UInt64(place * 8) | neighbour
                #expect(ASCII.lowercased(word: word) == lower | neighbour)
            }
        }
    }

    @Test(arguments: [0, 7, 64]) func `runs of any length are copied whole`(capacity: Int) {
        let source = (0..<200).map { UInt8($0) }
        var buffer = ByteBuffer(capacity: capacity)
        var expected: [UInt8] = []
        for length in 0..<70 {
            buffer.append(source.span.extracting(length..<(2 * length)))
            buffer.append(low: 3, of: 0x030201, then: source.span.extracting(0..<length))
            buffer.append("abc")
            expected += source[length..<(2 * length)] + [1, 2, 3] + source[0..<length]
            expected += Array("abc".utf8)
        }
        let isEqual = buffer.bytes.equals(expected.span)
        #expect(isEqual)
    }
}
