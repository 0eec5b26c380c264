import Bytes
import Crypto
import JSON

extension MessageContent {
    /// Appends the parts of a message's `content`: a string, or an array of typed parts.
    mutating func appendParts(
        _ content: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        if document.kind(of: content) == .string {
            appendText("text", content, of: document, to: &buffer)
            return
        }
        var elements = document.elements(of: content)
        while let element = elements.next() {
            appendPart(element, of: document, to: &buffer)
        }
    }

    /// Appends a part that has only a text: `text`, `reasoning`, `refusal`.
    mutating func appendText(
        _ type: StaticString, _ content: JSONValue, of document: borrowing JSONDocument,
        to buffer: inout ByteBuffer
    ) {
        guard document.kind(of: content) == .string else { return }
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        buffer.append(key: "type", string: type)
        append(key: "content", content, of: document, to: &buffer)
        buffer.append(UInt8(ascii: "}"))
    }

    /// Appends one part of a content array, of chat completions or of responses.
    private mutating func appendPart(
        _ part: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        if document.kind(of: part) == .string {
            appendText("text", part, of: document, to: &buffer)
            return
        }
        guard let type = document.value("type", of: part) else {
            return appendGeneric(nil, of: document, to: &buffer)
        }
        if document.string(type, equals: "text") || document.string(type, equals: "input_text")
            || document.string(type, equals: "output_text")
        {
            guard let text = document.value("text", of: part) else { return }
            appendText("text", text, of: document, to: &buffer)
        } else if document.string(type, equals: "refusal") {
            guard let text = document.value("refusal", of: part) else { return }
            appendText("refusal", text, of: document, to: &buffer)
        } else if document.string(type, equals: "image_url") {
            let image = document.value("image_url", of: part)
            let url = image.flatMap { document.value("url", of: $0) ?? $0 }
            appendSource(url, nil, "image", of: document, type: type, to: &buffer)
        } else if document.string(type, equals: "video_url") {
            let video = document.value("video_url", of: part)
            let url = video.flatMap { document.value("url", of: $0) ?? $0 }
            appendSource(url, nil, "video", of: document, type: type, to: &buffer)
        } else if document.string(type, equals: "audio_url") {
            let audio = document.value("audio_url", of: part)
            let url = audio.flatMap { document.value("url", of: $0) ?? $0 }
            appendSource(url, nil, "audio", of: document, type: type, to: &buffer)
        } else if document.string(type, equals: "output_audio") {
            appendAnswerAudio(part, of: document, to: &buffer)
        } else if document.string(type, equals: "thinking") {
            if let text = document.value("thinking", of: part), document.kind(of: text) == .string {
                appendText("reasoning", text, of: document, to: &buffer)
            } else {
                appendTexts("thinking", part, as: "reasoning", of: document, to: &buffer)
            }
        } else if document.string(type, equals: "input_image") {
            appendSource(
                document.value("image_url", of: part), document.value("file_id", of: part),
                "image", of: document, type: type, to: &buffer)
        } else if document.string(type, equals: "input_audio") {
            appendAudio(document.value("input_audio", of: part), of: document, to: &buffer)
        } else if document.string(type, equals: "file") {
            appendFile(document.value("file", of: part), type, of: document, to: &buffer)
        } else if document.string(type, equals: "input_file") {
            appendFile(part, type, of: document, to: &buffer)
        } else {
            appendGeneric(type, of: document, to: &buffer)
        }
    }

    /// Appends a part of which only the type is told: it may hold anything.
    mutating func appendGeneric(
        _ type: JSONValue?, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        if let type, document.kind(of: type) == .string {
            append(key: "type", type, of: document, to: &buffer)
        } else {
            buffer.append(key: "type", string: "unknown")
        }
        buffer.append(UInt8(ascii: "}"))
    }

    /// Appends an image as `uri`, `blob` or `file`, by what names it.
    private mutating func appendSource(
        _ url: JSONValue?, _ fileID: JSONValue?, _ modality: StaticString,
        of document: borrowing JSONDocument, type: JSONValue, to buffer: inout ByteBuffer
    ) {
        if let url, document.kind(of: url) == .string {
            text.removeAll()
            document.appendString(url, to: &text)
            if Self.isDataURL(text.bytes) {
                Self.appendDataURL(
                    text, modality, mimeType: nil, keeping: keptBlobBytes, to: &buffer)
                return
            }
            buffer.separate()
            buffer.append(UInt8(ascii: "{"))
            buffer.append(key: "type", string: "uri")
            buffer.append(key: "modality", string: modality)
            append(key: "uri", url, of: document, to: &buffer)
            buffer.append(UInt8(ascii: "}"))
        } else if let fileID, document.kind(of: fileID) == .string {
            buffer.separate()
            buffer.append(UInt8(ascii: "{"))
            buffer.append(key: "type", string: "file")
            buffer.append(key: "modality", string: modality)
            append(key: "file_id", fileID, of: document, to: &buffer)
            buffer.append(UInt8(ascii: "}"))
        } else {
            appendGeneric(type, of: document, to: &buffer)
        }
    }

    private mutating func appendAudio(
        _ audio: JSONValue?, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        text.removeAll()
        var mimeType = ByteBuffer()
        if let audio {
            if let format = document.value("format", of: audio),
                document.rawString(format).count > 0
            {
                mimeType.append("audio/")
                document.appendString(format, to: &mimeType)
            }
            if let data = document.value("data", of: audio) {
                document.appendString(data, to: &text)
            }
        }
        Self.appendBlob(
            text.bytes, "audio", mimeType: mimeType.bytes, keeping: keptBlobBytes, to: &buffer)
    }

    /// Appends a file: `file_id`, `file_data` (a data URL or bare base64) or `file_url`.
    private mutating func appendFile(
        _ file: JSONValue?, _ type: JSONValue, of document: borrowing JSONDocument,
        to buffer: inout ByteBuffer
    ) {
        guard let file else { return appendGeneric(type, of: document, to: &buffer) }
        let url = document.value("file_url", of: file)
        let fileID = document.value("file_id", of: file)
        guard let data = document.value("file_data", of: file),
            document.kind(of: data) == .string
        else {
            return appendSource(url, fileID, "document", of: document, type: type, to: &buffer)
        }
        text.removeAll()
        document.appendString(data, to: &text)
        if Self.isDataURL(text.bytes) {
            Self.appendDataURL(text, nil, mimeType: nil, keeping: keptBlobBytes, to: &buffer)
        } else {
            Self.appendBlob(
                text.bytes, "document", mimeType: Self.nothing, keeping: keptBlobBytes,
                to: &buffer)
        }
    }

    private static var nothing: Span<UInt8> {
        @_lifetime(immortal)
        get { ("" as StaticString).bytes }
    }
}
