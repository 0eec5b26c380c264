import Bytes
import Crypto
import JSON

extension MessageContent {
    /// Whether the text is a `data:` URL (RFC 2397); schemes have no case.
    static func isDataURL(_ url: Span<UInt8>) -> Bool {
        url.count >= 5 && url.extracting(0..<5).equalsIgnoringCase("data:")
    }

    /// A data URL in base64 that is worth leaving out.
    static func isLongDataURL(_ text: Span<UInt8>) -> Bool {
        guard text.count > 64, isDataURL(text) else { return false }
        let head = text.extracting(0..<min(text.count, mimeTypeBytesMax))
        guard let comma = head.firstIndex(of: UInt8(ascii: ",")) else { return false }
        return head.extracting(0..<comma).ends(with: ";base64")
    }

    /// Appends the blob of a data URL. Without a `modality` its media type decides.
    static func appendDataURL(
        _ url: borrowing ByteBuffer, _ modality: StaticString?, mimeType: Span<UInt8>?,
        keeping bytesMax: Int, to buffer: inout ByteBuffer
    ) {
        let bytes = url.bytes
        let comma = bytes.firstIndex(of: UInt8(ascii: ",")) ?? bytes.count
        let semicolon = bytes.firstIndex(of: UInt8(ascii: ";")) ?? comma
        let mimeType = bytes.extracting(5..<max(5, min(comma, semicolon)))
        let payload = bytes.extracting(min(comma + 1, bytes.count)..<bytes.count)
        appendBlob(
            payload, modality ?? Self.modality(of: mimeType), mimeType: mimeType,
            keeping: bytesMax, to: &buffer)
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

    /// Bytes of base64 up to which a blob stays where it is.
    var keptBlobBytes: Int { options.keepsBlobs ? options.partBytesMax : 0 }

    /// Appends a `blob` part. Its `content`, which the schema requires, is left empty where it is
    /// over `bytesMax` bytes of base64: the size and digest of the decoded bytes stand in for it.
    static func appendBlob(
        _ base64: Span<UInt8>, _ modality: StaticString, mimeType: Span<UInt8>,
        keeping bytesMax: Int, to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        buffer.append(key: "type", string: "blob")
        buffer.append(key: "modality", string: modality)
        if mimeType.count > 0 {
            buffer.append(key: "mime_type")
            buffer.append(jsonString: mimeType, limit: mimeTypeBytesMax)
        }
        if base64.count <= bytesMax {
            buffer.append(key: "content")
            buffer.append(jsonString: base64)
        } else {
            buffer.append(key: "content", string: "")
            appendDigest(base64, to: &buffer)
        }
        buffer.append(UInt8(ascii: "}"))
    }

    static func appendDigest(_ base64: Span<UInt8>, to buffer: inout ByteBuffer) {
        var decoded = ByteBuffer()
        Base64.decode(base64, into: &decoded)
        buffer.append(key: "size", number: decoded.count)
        buffer.append(key: "sha256")
        buffer.append(UInt8(ascii: "\""))
        SHA256.digest(of: decoded.bytes).appendHexadecimal(to: &buffer)
        buffer.append(UInt8(ascii: "\""))
    }

    /// Appends, as a string, what stands for a data URL in a place that may hold anything: its
    /// media type, and the size and digest of what it holds.
    static func appendElided(dataURL url: Span<UInt8>, to buffer: inout ByteBuffer) {
        let comma = url.firstIndex(of: UInt8(ascii: ",")) ?? url.count
        var decoded = ByteBuffer()
        Base64.decode(url.extracting(min(comma + 1, url.count)..<url.count), into: &decoded)
        var text = ByteBuffer(capacity: 192)
        text.append(url.extracting(0..<min(comma, mimeTypeBytesMax)))
        text.append(",size=")
        text.append(decimal: decoded.count)
        text.append(";sha256=")
        SHA256.digest(of: decoded.bytes).appendHexadecimal(to: &text)
        buffer.append(jsonString: text.bytes)
    }

    /// Appends a part of sound in an answer: base64 under `data`, what is said in it under
    /// `transcript`. Without the sound, as in a history, it is named by its id.
    mutating func appendAnswerAudio(
        _ audio: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        guard document.kind(of: audio) == .object else { return }
        guard let data = document.value("data", of: audio), document.rawString(data).count > 0
        else {
            guard let id = document.value("id", of: audio) else { return }
            buffer.separate()
            buffer.append("{\"type\":\"file\",\"modality\":\"audio\"")
            append(key: "file_id", id, of: document, to: &buffer)
            buffer.append(UInt8(ascii: "}"))
            return
        }
        text.removeAll()
        document.appendString(data, to: &text)
        Self.appendBlob(
            text.bytes, "audio", mimeType: "".utf8.span, keeping: keptBlobBytes, to: &buffer)
        guard let transcript = document.value("transcript", of: audio),
            document.kind(of: transcript) == .string
        else { return }
        buffer.truncate(to: buffer.count - 1)
        append(key: "transcript", transcript, of: document, to: &buffer)
        buffer.append(UInt8(ascii: "}"))
    }

    /// Appends the part of sound that was streamed: its bytes were counted, not kept, so there is
    /// no digest. `transcript` may be empty.
    static func appendStreamedAudio(
        bytes: Int, transcript: Span<UInt8>, limit: Int, to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append("{\"type\":\"blob\",\"modality\":\"audio\",\"content\":\"\"")
        buffer.append(key: "size", number: bytes)
        if transcript.count > 0 {
            buffer.append(key: "transcript")
            _ = buffer.append(jsonString: transcript, limit: limit)
        }
        buffer.append(UInt8(ascii: "}"))
    }
}
