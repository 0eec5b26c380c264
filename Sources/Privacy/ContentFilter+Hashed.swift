import Bytes
import JSON

// Structure as it is, a hash for each text.
extension ContentFilter.Walk {
    /// Appends an array or object of messages, parts or tools.
    mutating func appendHashed(
        _ value: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        switch document.kind(of: value) {
        case .array:
            buffer.append(UInt8(ascii: "["))
            var elements = document.elements(of: value)
            var isFirst = true
            while let element = elements.next() {
                if !isFirst { buffer.append(UInt8(ascii: ",")) }
                isFirst = false
                appendHashed(element, of: document, to: &buffer)
            }
            buffer.append(UInt8(ascii: "]"))
        case .object: appendHashedObject(value, of: document, to: &buffer)
        case .string: appendHash(value, of: document, to: &buffer)
        case .number: appendHash(source: document.source(of: value), to: &buffer)
        case .true, .false, .null: buffer.append(document.source(of: value))
        }
    }

    private mutating func appendHashedObject(
        _ value: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        let isMessage = document.value("parts", of: value) != nil
        buffer.append(UInt8(ascii: "{"))
        var members = document.members(of: value)
        var isFirst = true
        while let member = members.next() {
            if !isFirst { buffer.append(UInt8(ascii: ",")) }
            isFirst = false
            let key = document.rawString(member.key)
            buffer.append(document.source(of: member.key))
            buffer.append(UInt8(ascii: ":"))
            switch document.kind(of: member.value) {
            case .string:
                let source = document.source(of: member.value)
                let text = document.rawString(member.value)
                if text.isEmpty || Structure.isKept(key, text, isMessage: isMessage) {
                    buffer.append(source)
                } else {
                    appendHash(member.value, of: document, to: &buffer)
                }
            case .array where key.equals("parts"):
                appendHashed(member.value, of: document, to: &buffer)
            case .object where Structure.isServerTool(key):
                appendHashedObject(member.value, of: document, to: &buffer)
            case .array, .object:
                appendHash(source: document.source(of: member.value), to: &buffer)
            case .number where !key.equals("size"):
                appendHash(source: document.source(of: member.value), to: &buffer)
            case .number, .true, .false, .null:
                buffer.append(document.source(of: member.value))
            }
        }
        buffer.append(UInt8(ascii: "}"))
    }

    private mutating func appendHash(
        _ value: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        guard document.hasEscapes(value) else {
            return appendHash(source: document.rawString(value), to: &buffer)
        }
        text.removeAll()
        document.appendString(value, to: &text)
        Self.appendHash(text, &hash, to: &buffer)
    }

    private static func appendHash(
        _ text: borrowing ByteBuffer, _ hash: inout KeyedHash, to buffer: inout ByteBuffer
    ) {
        buffer.append(UInt8(ascii: "\""))
        hash.append(text.bytes, for: .content, to: &buffer)
        buffer.append(UInt8(ascii: "\""))
    }

    private mutating func appendHash(source: Span<UInt8>, to buffer: inout ByteBuffer) {
        buffer.append(UInt8(ascii: "\""))
        hash.append(source, for: .content, to: &buffer)
        buffer.append(UInt8(ascii: "\""))
    }
}

/// What of a message is structure and no content.
enum Structure {
    /// Whether the string `text` under `key` says nothing but what kind of thing stands there.
    /// Callers choose these texts too: one that is not as short and plain as the conventions' own
    /// words is content.
    static func isKept(_ key: Span<UInt8>, _ text: Span<UInt8>, isMessage: Bool) -> Bool {
        switch key.count {
        case 4 where key.equals("role"): return isRole(text)
        case 4 where key.equals("type"): return isWord(text, bytesMax: 40)
        case 4 where key.equals("name"):
            // The name of a function, not that of who speaks.
            return !isMessage && isName(text)
        case 8 where key.equals("modality"): return isWord(text, bytesMax: 16)
        case 9 where key.equals("mime_type"): return isMediaType(text)
        case 13 where key.equals("finish_reason"): return isWord(text, bytesMax: 24)
        default: return false
        }
    }

    /// An object that describes what a tool of the provider did: its members are looked at.
    static func isServerTool(_ key: Span<UInt8>) -> Bool {
        key.equals("server_tool_call") || key.equals("server_tool_call_response")
    }

    private static let roles: [StaticString] = [
        "system", "developer", "user", "assistant", "tool", "function", "omitted", "unknown",
    ]

    private static func isRole(_ text: Span<UInt8>) -> Bool {
        roles.contains { text.equals($0) }
    }

    /// Lower-case letters and underscores, and digits behind the first.
    private static func isWord(_ text: Span<UInt8>, bytesMax: Int) -> Bool {
        guard text.count <= bytesMax, text.count > 0, text[0] &- 0x61 < 26 else { return false }
        for index in text.indices {
            let byte = text[index]
            guard byte &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "_") else {
                return false
            }
        }
        return true
    }

    /// As OpenAI's API allows them for functions, and no key or token.
    private static func isName(_ text: Span<UInt8>) -> Bool {
        guard text.count <= 64 else { return false }
        for index in text.indices {
            let byte = text[index]
            guard
                Redaction.isAlphanumeric(byte) || byte == UInt8(ascii: "_")
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            else { return false }
        }
        var nothing = ByteBuffer()
        return !Redaction.appendIfChanged(text, Redaction.Rules(), to: &nothing)
    }

    private static func isMediaType(_ text: Span<UInt8>) -> Bool {
        guard text.count <= 80, let slash = text.firstIndex(of: UInt8(ascii: "/")) else {
            return false
        }
        guard isWord(text.extracting(0..<slash), bytesMax: 16) else { return false }
        for index in slash + 1..<text.count {
            let byte = text[index]
            guard
                Redaction.isAlphanumeric(byte) || byte == UInt8(ascii: ".")
                    || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            else { return false }
        }
        var nothing = ByteBuffer()
        return !Redaction.appendIfChanged(text, Redaction.Rules(), to: &nothing)
    }
}
