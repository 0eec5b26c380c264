import Bytes
import Crypto
import Testing

/// A digest as hexadecimal text.
func hexadecimal(_ digest: SHA256.Digest) -> String {
    var buffer = ByteBuffer()
    digest.appendHexadecimal(to: &buffer)
    return String(decoding: buffer.bytes)
}

@Suite struct SHA256Tests {
    /// FIPS 180-4, the examples of NIST's Cryptographic Standards and Guidelines.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]) func `the published examples come out`(message: String, expected: String) {
        #expect(hexadecimal(SHA256.digest(of: message.utf8.span)) == expected)
    }

    @Test func `a million times the letter a, in pieces, comes out`() {
        var hash = SHA256()
        let piece = [UInt8](repeating: 0x61, count: 1000)
        for _ in 0..<1000 { hash.update(piece.span) }
        #expect(
            hexadecimal(hash.finish())
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func `one instance computes many digests, each from a new start`() {
        var hash = SHA256()
        let message = Array("abc".utf8)
        let expected = SHA256.digest(of: message.span)
        for _ in 0..<3 {
            hash.update(message.span)
            #expect(hash.finish() == expected)
            hash.update(message.span)
            #expect(hash.digest(of: message.span) == expected)
        }
    }

    @Test func `digests are equal when all their bytes are`() {
        let first = SHA256.digest(of: Array("a".utf8).span)
        let second = SHA256.digest(of: Array("b".utf8).span)
        #expect(first != second)
        #expect(Set([first, second, SHA256.digest(of: Array("a".utf8).span)]).count == 2)
        #expect(first.bytes.count == SHA256.Digest.count)
        #expect(first.bytes[0] == 0xCA)
    }
}
