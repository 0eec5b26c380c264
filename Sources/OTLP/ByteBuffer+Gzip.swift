import Bytes
import Compression

extension ByteBuffer {
    /// Replaces the bytes by themselves compressed; false, and nothing changed, where that does
    /// not work.
    mutating func gzip() -> Bool {
        var compressed = ByteBuffer(capacity: count / 4 + 64)
        guard withBytes({ Self.gzip($0, into: &compressed) }) else { return false }
        self = compressed
        return true
    }

    private static func gzip(_ bytes: Span<UInt8>, into output: inout ByteBuffer) -> Bool {
        do {
            try Gzip.compress(bytes, into: &output)
            return true
        } catch {
            return false
        }
    }
}
