import Bytes
import JSON

extension MessageContent {
    /// Appends `gen_ai.tool.definitions`: `tools`, or the older `functions`, each flattened to
    /// `{type, name, description, parameters}`. False, with nothing appended, without tools.
    package mutating func appendToolDefinitions(
        of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) -> Bool {
        let start = buffer.count
        buffer.append(UInt8(ascii: "["))
        let tools = document.value("tools", of: document.root)
        let list = tools ?? document.value("functions", of: document.root)
        if let list {
            var elements = document.elements(of: list)
            while let tool = elements.next(), buffer.count - start < options.attributeBytesMax {
                guard document.kind(of: tool) == .object else { continue }
                appendTool(tool, of: document, to: &buffer)
            }
        }
        return close(start, &buffer)
    }

    private mutating func appendTool(
        _ tool: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        let type = document.value("type", of: tool)
        let definition =
            document.value("function", of: tool) ?? document.value("custom", of: tool) ?? tool
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        if let type, document.kind(of: type) == .string {
            append(key: "type", type, of: document, to: &buffer)
        } else {
            buffer.append(key: "type", string: "function")
        }
        if let name = document.value("name", of: definition), document.kind(of: name) == .string {
            append(key: "name", name, of: document, to: &buffer)
        } else if let type, document.kind(of: type) == .string {
            // Tools the provider runs have a type alone.
            append(key: "name", type, of: document, to: &buffer)
        } else {
            buffer.append(key: "name", string: "unknown")
        }
        let source = document.range(of: definition)
        if source.count > options.partBytesMax {
            Self.appendMarker(size: source.count, to: &buffer)
        } else {
            if let text = document.value("description", of: definition),
                document.kind(of: text) == .string
            {
                append(key: "description", text, of: document, to: &buffer)
            }
            if let parameters = document.value("parameters", of: definition) {
                append(key: "parameters", any: parameters, of: document, to: &buffer)
            }
        }
        buffer.append(UInt8(ascii: "}"))
    }

    /// Appends the part of one element of `tool_calls`.
    mutating func appendToolCall(
        _ call: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        let id = document.value("id", of: call)
        if let function = document.value("function", of: call) {
            appendCall(id: id, function, "arguments", of: document, to: &buffer)
        } else if let custom = document.value("custom", of: call) {
            appendCall(id: id, custom, "input", of: document, to: &buffer)
        }
    }

    /// Appends a `tool_call` part from the object that holds `name` and, under `key`, arguments.
    mutating func appendCall(
        id: JSONValue?, _ function: JSONValue, _ key: StaticString,
        of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append("{\"type\":\"tool_call\"")
        if let id, document.kind(of: id) == .string {
            append(key: "id", id, of: document, to: &buffer)
        }
        if let name = document.value("name", of: function), document.kind(of: name) == .string {
            append(key: "name", name, of: document, to: &buffer)
        } else {
            buffer.append(key: "name", string: "unknown")
        }
        if let value = document.value(key, of: function) {
            if document.kind(of: value) == .string {
                arguments.removeAll()
                document.appendString(value, to: &arguments)
                appendArguments(to: &buffer)
            } else {
                append(key: "arguments", any: value, of: document, to: &buffer)
            }
        }
        buffer.append(UInt8(ascii: "}"))
    }

    /// Appends the member for what is in `arguments`: as the object it is the source of, else as a
    /// string.
    mutating func appendArguments(to buffer: inout ByteBuffer) {
        buffer.append(key: "arguments")
        guard arguments.count <= options.partBytesMax,
            Self.appendObject(arguments, &argumentScanner, scratch: &text, to: &buffer)
        else {
            Self.append(arguments.bytes, limit: options.partBytesMax, to: &buffer)
            return
        }
    }

    private static func appendObject(
        _ source: borrowing ByteBuffer, _ scanner: inout JSONScanner, scratch: inout ByteBuffer,
        to buffer: inout ByteBuffer
    ) -> Bool {
        do throws(JSONError) { try scanner.scan(source.bytes) } catch { return false }
        let document = scanner.document(source.bytes)
        guard document.kind(of: document.root) == .object else { return false }
        append(document.root, of: document, scratch: &scratch, to: &buffer)
        return true
    }

    /// Appends a `tool_call_response` part.
    mutating func appendToolResponse(
        id: JSONValue?, _ response: JSONValue?, of document: borrowing JSONDocument,
        to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append("{\"type\":\"tool_call_response\"")
        if let id, document.kind(of: id) == .string {
            append(key: "id", id, of: document, to: &buffer)
        }
        if let response {
            append(key: "response", any: response, of: document, to: &buffer)
        } else {
            buffer.append(key: "response")
            buffer.append("null")
        }
        buffer.append(UInt8(ascii: "}"))
    }

    /// Appends one item of a Responses input that has no role, as a message of its own.
    mutating func appendItem(
        _ item: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        let type = document.value("type", of: item)
        let isOutput = type.map { document.rawString($0).ends(with: "_output") } ?? false
        buffer.separate()
        buffer.append("{\"role\":\"")
        buffer.append(isOutput ? "tool" : "assistant")
        buffer.append("\",\"parts\":[")
        appendItemParts(item, of: document, to: &buffer)
        buffer.append("]}")
    }

    /// Appends the parts of an item that is no message: a call, its output, reasoning, or a tool
    /// that the provider ran.
    mutating func appendItemParts(
        _ item: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        guard let type = document.value("type", of: item) else {
            return appendGeneric(nil, of: document, to: &buffer)
        }
        let id = document.value("call_id", of: item) ?? document.value("id", of: item)
        if document.string(type, equals: "function_call") {
            appendCall(id: id, item, "arguments", of: document, to: &buffer)
        } else if document.string(type, equals: "custom_tool_call") {
            appendCall(id: id, item, "input", of: document, to: &buffer)
        } else if document.rawString(type).ends(with: "_output") {
            appendToolResponse(
                id: id, document.value("output", of: item), of: document, to: &buffer)
        } else if document.string(type, equals: "reasoning") {
            appendTexts("summary", item, as: "reasoning", of: document, to: &buffer)
            appendTexts("content", item, as: "reasoning", of: document, to: &buffer)
        } else if appendClientCall(item, type, of: document, to: &buffer) {
            return
        } else if document.rawString(type).ends(with: "_call") {
            appendServerCall(item, type, of: document, to: &buffer)
        } else {
            appendGeneric(type, of: document, to: &buffer)
        }
    }

    /// Appends the texts of the array under `key`, each as a part.
    mutating func appendTexts(
        _ key: StaticString, _ object: JSONValue, as type: StaticString,
        of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        guard let array = document.value(key, of: object) else { return }
        var elements = document.elements(of: array)
        while let element = elements.next() {
            if let text = document.value("text", of: element) {
                appendText(type, text, of: document, to: &buffer)
            }
        }
    }
}

extension Span<UInt8> {
    /// Ends with the literal's bytes.
    func ends(with literal: StaticString) -> Bool {
        let suffix = literal.bytes
        return count >= suffix.count
            && extracting(count - suffix.count..<count).equals(suffix)
    }
}
