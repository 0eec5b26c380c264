import Bytes
import JSON

// Items of the Responses API: tools that the client runs under names of their own, and tools
// that the provider runs.
extension MessageContent {
    /// A tool the provider runs: which members of its item say what it did and what came of it.
    private struct ServerTool {
        /// The item's `type`.
        let type: StaticString
        /// Its name in the parts.
        let name: StaticString
        let callKeys: [StaticString]
        let responseKeys: [StaticString]
    }

    private static let serverTools = [
        ServerTool(
            type: "code_interpreter_call", name: "code_interpreter",
            callKeys: ["code", "container_id"], responseKeys: ["outputs"]),
        ServerTool(
            type: "web_search_call", name: "web_search", callKeys: ["action"], responseKeys: []),
        ServerTool(
            type: "file_search_call", name: "file_search", callKeys: ["queries"],
            responseKeys: ["results"]),
        ServerTool(
            type: "image_generation_call", name: "image_generation",
            callKeys: ["size", "quality", "background", "output_format"],
            responseKeys: ["revised_prompt"]),
        ServerTool(
            type: "mcp_call", name: "mcp", callKeys: ["server_label", "arguments"],
            responseKeys: ["output", "error"]),
    ]

    /// Appends the call of a built-in tool that the client runs; false where it is none.
    mutating func appendClientCall(
        _ item: JSONValue, _ type: JSONValue, of document: borrowing JSONDocument,
        to buffer: inout ByteBuffer
    ) -> Bool {
        let name: StaticString
        let key: StaticString
        if document.string(type, equals: "computer_call") {
            (name, key) = ("computer", "action")
        } else if document.string(type, equals: "local_shell_call") {
            (name, key) = ("local_shell", "action")
        } else if document.string(type, equals: "shell_call") {
            (name, key) = ("shell", "action")
        } else if document.string(type, equals: "apply_patch_call") {
            (name, key) = ("apply_patch", "operation")
        } else {
            return false
        }
        buffer.separate()
        buffer.append("{\"type\":\"tool_call\"")
        appendID(document.value("call_id", of: item), of: document, to: &buffer)
        buffer.append(key: "name", string: name)
        if let arguments = document.value(key, of: item) {
            append(key: "arguments", any: arguments, of: document, to: &buffer)
        }
        buffer.append(UInt8(ascii: "}"))
        return true
    }

    /// Appends the parts of a call of a tool that the provider ran: `server_tool_call`, and
    /// `server_tool_call_response` where the item tells what came of it.
    mutating func appendServerCall(
        _ item: JSONValue, _ type: JSONValue, of document: borrowing JSONDocument,
        to buffer: inout ByteBuffer
    ) {
        let tool = Self.serverTools.first { document.string(type, equals: $0.type) }
        buffer.separate()
        buffer.append("{\"type\":\"server_tool_call\"")
        appendID(document.value("id", of: item), of: document, to: &buffer)
        if let name = document.value("name", of: item), document.kind(of: name) == .string {
            append(key: "name", name, of: document, to: &buffer)
        } else {
            buffer.append(key: "name")
            Self.appendToolName(tool, document.rawString(type), to: &buffer)
        }
        buffer.append(key: "server_tool_call")
        buffer.append(UInt8(ascii: "{"))
        buffer.append(key: "type")
        Self.appendToolName(tool, document.rawString(type), to: &buffer)
        for key in tool?.callKeys ?? [] { appendMember(key, item, of: document, to: &buffer) }
        buffer.append("}}")
        guard let tool else { return }
        let start = buffer.count
        buffer.append(",{\"type\":\"server_tool_call_response\"")
        appendID(document.value("id", of: item), of: document, to: &buffer)
        buffer.append(key: "server_tool_call_response")
        buffer.append(UInt8(ascii: "{"))
        buffer.append(key: "type", string: tool.name)
        let empty = buffer.count
        for key in tool.responseKeys { appendMember(key, item, of: document, to: &buffer) }
        if let image = document.value("result", of: item), document.rawString(image).count > 0 {
            buffer.append(key: "modality", string: "image")
            text.removeAll()
            document.appendString(image, to: &text)
            Self.appendDigest(text.bytes, to: &buffer)
        }
        if buffer.count == empty {
            buffer.truncate(to: start)
        } else {
            buffer.append("}}")
        }
    }

    /// What the type of a tool's item is called in the parts: without `_call`.
    private static func appendToolName(
        _ tool: ServerTool?, _ type: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        if let tool {
            buffer.append(UInt8(ascii: "\""))
            buffer.append(tool.name)
            buffer.append(UInt8(ascii: "\""))
        } else {
            let count = type.ends(with: "_call") ? type.count - 5 : type.count
            _ = buffer.append(
                jsonString: type.extracting(0..<count), limit: AnswerFacts.textBytesMax)
        }
    }

    private mutating func appendID(
        _ id: JSONValue?, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        guard let id, document.kind(of: id) == .string else { return }
        append(key: "id", id, of: document, to: &buffer)
    }

    /// Appends a member of an item under its own name, unless it is not there or null.
    private mutating func appendMember(
        _ key: StaticString, _ item: JSONValue, of document: borrowing JSONDocument,
        to buffer: inout ByteBuffer
    ) {
        guard let value = document.value(key, of: item), document.kind(of: value) != .null else {
            return
        }
        append(key: key, any: value, of: document, to: &buffer)
    }
}

// Streamed responses.
extension MessageContent {
    /// Appends the parts of a streamed response, item by item: each as it was in the end, or put
    /// together of what came of it.
    mutating func appendStreamedItems(
        _ content: borrowing CapturedContent, _ index: ContentIndex, to buffer: inout ByteBuffer
    ) {
        for item in index.items {
            if let whole = index.first(.item, 0, item) {
                let range = content.fragments[whole].range
                appendItem(source: content.text.bytes.extracting(range), to: &buffer)
                continue
            }
            let start = buffer.count
            appendPieces(content, index, item: item, to: &buffer)
            if buffer.count == start, let type = index.first(.itemType, 0, item) {
                let range = content.fragments[type].range
                appendCutItem(content.text.bytes.extracting(range), to: &buffer)
            }
        }
    }

    private mutating func appendItem(source: Span<UInt8>, to buffer: inout ByteBuffer) {
        // The scanner of this type may be needed for the arguments within.
        var scanner = JSONScanner()
        guard (try? scanner.scan(source)) != nil else { return }
        let document = scanner.document(source)
        appendOutputItem(document.root, of: document, to: &buffer)
    }

    /// Appends an item of a response's output: a message's parts, or those of anything else.
    mutating func appendOutputItem(
        _ item: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        if let content = document.value("content", of: item),
            document.value("role", of: item) != nil
        {
            appendParts(content, of: document, to: &buffer)
        } else {
            appendItemParts(item, of: document, to: &buffer)
        }
    }

    /// Appends an item of which only the type was kept.
    private mutating func appendCutItem(_ type: Span<UInt8>, to buffer: inout ByteBuffer) {
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        buffer.append(key: "type")
        buffer.append(jsonString: type)
        buffer.append(key: "truncated")
        buffer.append("true}")
    }
}
