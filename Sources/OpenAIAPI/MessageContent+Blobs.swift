import Bytes
import Crypto
import JSON

extension MessageContent {
    /// Whether the text is a `data:` URL (RFC 2397); schemes have no case.
    static func isDataURL(_ url: Span<UInt8>) -> Bool {
        url.count >= 5 && url.extracting(0..<5).equalsIgnoringCase("data:")
    }

    /// Appends the blob of a data URL. Without a `modality` its media type decides.
    static func appendDataURL(
        _ url: borrowing ByteBuffer, _ modality: StaticString?, mimeType: Span<UInt8>?,
        to buffer: inout ByteBuffer
    ) {
        let bytes = url.bytes
        let comma = bytes.firstIndex(of: UInt8(ascii: ",")) ?? bytes.count
        let semicolon = bytes.firstIndex(of: UInt8(ascii: ";")) ?? comma
        let mimeType = bytes.extracting(5..<max(5, min(comma, semicolon)))
        let payload = bytes.extracting(min(comma + 1, bytes.count)..<bytes.count)
        appendBlob(
            payload, modality ?? Self.modality(of: mimeType), mimeType: mimeType, to: &buffer)
    }

    /// The modality of a media type; what is neither picture nor sound is a document.
    private static func modality(of mimeType: Span<UInt8>) -> StaticString {
        if mimeType.starts(with: "image/") { return "image" }
        if mimeType.starts(with: "audio/") { return "audio" }
        if mimeType.starts(with: "video/") { return "video" }
        return "document"
    }

    /// Bytes of a media type that are told at most.
    private static let mimeTypeBytesMax = 128

    /// Appends a `blob` part. Its `content`, which the schema requires, is left empty: the size and
    /// digest of the decoded bytes stand in for it.
    static func appendBlob(
        _ base64: Span<UInt8>, _ modality: StaticString, mimeType: Span<UInt8>,
        to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        buffer.append(key: "type", string: "blob")
        buffer.append(key: "modality", string: modality)
        if mimeType.count > 0 {
            buffer.append(key: "mime_type")
            buffer.append(jsonString: mimeType, limit: mimeTypeBytesMax)
        }
        buffer.append(key: "content", string: "")
        appendDigest(base64, to: &buffer)
        buffer.append(UInt8(ascii: "}"))
    }

    private static func appendDigest(_ base64: Span<UInt8>, to buffer: inout ByteBuffer) {
        var decoded = ByteBuffer()
        Base64.decode(base64, into: &decoded)
        buffer.append(key: "size", number: decoded.count)
        buffer.append(key: "sha256")
        buffer.append(UInt8(ascii: "\""))
        SHA256.digest(of: decoded.bytes).appendHexadecimal(to: &buffer)
        buffer.append(UInt8(ascii: "\""))
    }
}
