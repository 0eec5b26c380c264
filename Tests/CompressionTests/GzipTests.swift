import Bytes
import Compression
import Testing

/// What Python's `gzip.compress` made of 5 lines, without a time.
private let fromPython: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 171, 86, 42, 74, 45, 206, 47, 45, 74, 78, 13, 46, 72, 204, 43,
    86, 178, 138, 142, 173, 85, 72, 204, 75, 81, 40, 206, 207, 77, 85, 40, 73, 173, 40, 209, 193,
    202, 84, 56, 188, 146, 171, 122, 132, 233, 5, 0, 175, 133, 34, 233, 44, 1, 0, 0,
]
private let pythonText = String(
    repeating: "{\"resourceSpans\":[]} and some text, some text, some text é\n", count: 5)

/// What GNU gzip made of a file, with its name and time in the header.
private let fromGzip: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x08, 0x47, 0x36, 0x00, 0x6B, 0x00, 0x03, 0x6E, 0x61, 0x6D, 0x65, 0x2E, 0x74,
    0x78, 0x74, 0x00, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8, 0x40, 0x27, 0xB9, 0x00, 0x00, 0x88,
    0x59, 0x0B, 0x18, 0x00, 0x00, 0x00,
]
private let gzipText = "hello hello hello hello\n"

@Suite struct GzipTests {
    @Test(arguments: [(fromPython, pythonText), (fromGzip, gzipText)])
    func `what other programs compressed is read`(input: [UInt8], expected: String) throws {
        #expect(try decompressed(input, limit: 1000) == Array(expected.utf8))
    }

    @Test(arguments: [0, 1, 100, 4095, 4096, 4097, 100_000, 3_000_000], [1, 3, 9])
    func `what was compressed is read again`(count: Int, level: Int) throws {
        var state: UInt32 = 1
        let input = (0..<count).map { index in
            state = state &* 1_664_525 &+ 1_013_904_223
            return index % 3 == 0 ? UInt8(truncatingIfNeeded: state >> 24) : 0x20
        }
        let output = try compressed(input, level: level)
        #expect(output.starts(with: [0x1F, 0x8B, 8]))
        #expect(try decompressed(output, limit: count) == input)
        #expect(count < 4096 || output.count < count)
    }

    @Test func `what comes out is appended`() throws {
        var buffer = ByteBuffer()
        buffer.append("> ")
        try Gzip.decompress(fromGzip.span, into: &buffer, limit: 100)
        #expect(String(decoding: buffer.bytes) == "> " + gzipText)
    }

    @Test func `members that follow each other are one text`() throws {
        #expect(
            try decompressed(fromGzip + fromPython, limit: 1000)
                == Array((gzipText + pythonText).utf8))
    }

    @Test(arguments: [0, 1, 23]) func `more than the limit is refused`(limit: Int) {
        #expect(throws: GzipError.tooLarge(limit: limit)) {
            try decompressed(fromGzip, limit: limit)
        }
    }

    @Test func `a bomb is refused before it has grown`() throws {
        let bomb = try compressed([UInt8](repeating: 0, count: 20_000_000), level: 9)
        #expect(bomb.count < 20_000)
        var buffer = ByteBuffer()
        var refusal: GzipError?
        do throws(GzipError) {
            try Gzip.decompress(bomb.span, into: &buffer, limit: 10_000)
        } catch {
            refusal = error
        }
        let held = (count: buffer.count, capacity: buffer.capacity)
        #expect(refusal == .tooLarge(limit: 10_000))
        #expect(held.count == 0)
        #expect(held.capacity < 100_000)
    }

    @Test func `every shortened input is refused`() {
        for input in [fromPython, fromGzip] {
            for count in 0..<input.count {
                #expect(throws: GzipError.truncated) {
                    try decompressed(Array(input.prefix(count)), limit: 1000)
                }
            }
        }
    }

    @Test(arguments: [0, 1, 2, 25, 30, 34]) func `a changed byte is refused`(position: Int) {
        var input = fromGzip
        input[position] ^= 0xFF
        #expect(throws: GzipError.self) { try decompressed(input, limit: 1000) }
    }

    @Test func `bytes after the last member are refused`() {
        #expect(throws: GzipError.self) { try decompressed(fromGzip + [1, 2, 3], limit: 1000) }
    }

    @Test func `a compressor is reused`() throws {
        var compressor = GzipCompressor()
        for text in ["one", "", String(repeating: "two ", count: 10_000), "one"] {
            var buffer = ByteBuffer()
            try compressor.compress(text.utf8.span, into: &buffer)
            var output = ByteBuffer()
            try Gzip.decompress(buffer.bytes, into: &output, limit: text.utf8.count)
            #expect(String(decoding: output.bytes) == text)
        }
    }
}

private func compressed(_ input: [UInt8], level: Int) throws(GzipError) -> [UInt8] {
    var buffer = ByteBuffer()
    try Gzip.compress(input.span, into: &buffer, level: level)
    return array(buffer)
}

private func decompressed(_ input: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
    var buffer = ByteBuffer()
    do throws(GzipError) {
        try Gzip.decompress(input.span, into: &buffer, limit: limit)
    } catch {
        precondition(buffer.isEmpty)
        throw error
    }
    return array(buffer)
}

private func array(_ buffer: borrowing ByteBuffer) -> [UInt8] {
    buffer.bytes.withUnsafeBufferPointer { Array($0) }
}
