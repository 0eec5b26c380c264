import Bytes
import Crypto
import Testing

@Suite struct ConstantTimeTests {
    @Test(arguments: [
        ("", "", true), ("a", "", false), ("", "a", false), ("secret", "secret", true),
        ("secret", "Secret", false), ("secret", "secrets", false), ("secret", "secreT", false),
    ]) func `equal bytes are equal`(left: String, right: String, expected: Bool) {
        let isEqual = ConstantTime.equals(left.utf8.span, right.utf8.span)
        #expect(isEqual == expected)
    }
}

@Suite struct SystemRandomTests {
    @Test func `what is drawn does not repeat`() {
        var seen: Set<UInt64> = []
        let generator = SystemRandom()
        for _ in 0..<1000 { seen.insert(generator.next()) }
        #expect(seen.count == 1000)
    }

    @Test func `every byte asked for is drawn`() {
        var changed = [Bool](repeating: false, count: 40)
        for _ in 0..<40 {
            var bytes = [UInt8](repeating: 0, count: 40)
            var span = bytes.mutableSpan
            SystemRandom.fill(&span)
            for index in bytes.indices where bytes[index] != 0 { changed[index] = true }
        }
        #expect(changed.allSatisfy { $0 })
    }

    @Test(arguments: [0, 1, 16, 1000]) func `bytes are appended`(count: Int) {
        var buffer = ByteBuffer()
        buffer.append("id")
        SystemRandom.append(count, to: &buffer)
        let total = buffer.count
        #expect(total == count + 2)
        let isKept = buffer.bytes.starts(with: "id")
        #expect(isKept)
    }
}
