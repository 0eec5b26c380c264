import Bytes
import Testing

@Suite struct SpanTests {
    @Test(arguments: 0...40)
    func `equal runs of every length are equal, and one other byte is seen`(
        count: Int
    ) {
        let bytes = (0..<count).map { UInt8($0 + 33) }
        let isEqual = bytes.span.equals(Array(bytes).span)
        #expect(isEqual)
        for index in 0..<count {
            var other = bytes
            other[index] ^= 1
            let isOtherEqual = bytes.span.equals(other.span)
            #expect(!isOtherEqual, "at \(index)")
        }
        let isLongerEqual = bytes.span.equals((bytes + [0]).span)
        #expect(!isLongerEqual)
    }

    @Test(arguments: 0...80) func `a byte over 0x7F is found wherever it stands`(count: Int) {
        let bytes = [UInt8](repeating: 0x7F, count: count)
        let isASCII = bytes.span.isASCII
        #expect(isASCII)
        for index in 0..<count {
            var other = bytes
            other[index] = 0x80
            let isOtherASCII = other.span.isASCII
            #expect(!isOtherASCII, "at \(index)")
        }
    }
}
