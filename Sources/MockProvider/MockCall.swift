import Bytes
import JSON

/// What the mock reads of a request to a typed path.
struct MockCall {
    /// The request is answered with status 400.
    struct Invalid: Error {
        let message: StaticString
        var param: StaticString?
    }

    /// A function the answer shall call.
    struct ToolCall {
        let name: String
        /// The arguments, a JSON object.
        let arguments: String
    }

    static let choicesMax = 16
    static let inputsMax = 2048
    static let dimensionsMax = 4096

    let endpoint: MockEndpoint
    let model: String
    let behaviour: MockBehaviour
    private(set) var isStreamed = false
    private(set) var hasStreamOptions = false
    private(set) var includesUsage = false
    private(set) var choices = 1
    /// The most tokens an answer may have.
    private(set) var tokensMax = Int.max
    private(set) var toolCalls: [ToolCall] = []
    /// Everything in the answer is derived from this digest of the input.
    private(set) var seed: UInt64 = 0
    private(set) var promptTokens = 1
    /// A digest of each text to embed.
    private(set) var inputSeeds: [UInt64] = []
    private(set) var dimensions = 1536
    private(set) var isBase64 = false

    init(
        _ endpoint: MockEndpoint, _ body: Span<UInt8>, scanner: inout JSONScanner
    ) throws(Invalid) {
        do throws(JSONError) {
            try scanner.scan(body)
        } catch {
            throw Invalid(message: "We could not parse the JSON body of your request.")
        }
        let document = scanner.document(body)
        guard let name = document.value("model", of: document.root),
            let model = document.text(name)
        else { throw Invalid(message: "you must provide a model parameter", param: "model") }
        self.endpoint = endpoint
        self.model = model
        behaviour = MockBehaviour(model: model)
        try readOptions(document)
        try readInput(document)
    }

    private mutating func readOptions(_ document: borrowing JSONDocument) throws(Invalid) {
        let root = document.root
        isStreamed = endpoint != .embeddings && document.isTrue("stream", of: root)
        if let options = document.value("stream_options", of: root),
            document.kind(of: options) == .object
        {
            hasStreamOptions = true
            includesUsage = document.isTrue("include_usage", of: options)
            guard isStreamed else {
                throw Invalid(
                    message: "'stream_options' is only allowed when 'stream' is enabled.",
                    param: "stream_options")
            }
        }
        choices = document.number("n", of: root) ?? 1
        guard 1...Self.choicesMax ~= choices else {
            throw Invalid(message: "'n' must be from 1 to 16.", param: "n")
        }
        for name: StaticString in ["max_tokens", "max_completion_tokens", "max_output_tokens"] {
            if let most = document.number(name, of: root) { tokensMax = max(1, most) }
        }
        dimensions = document.number("dimensions", of: root) ?? dimensions
        guard 1...Self.dimensionsMax ~= dimensions else {
            throw Invalid(message: "'dimensions' must be from 1 to 4096.", param: "dimensions")
        }
        if let format = document.value("encoding_format", of: root) {
            isBase64 = document.string(format, equals: "base64")
        }
        if endpoint == .chat || endpoint == .responses { readTools(document) }
    }

    private mutating func readInput(_ document: borrowing JSONDocument) throws(Invalid) {
        let name: StaticString =
            switch endpoint {
            case .chat: "messages"
            case .completions: "prompt"
            case .embeddings, .responses: "input"
            }
        guard let input = document.value(name, of: document.root) else {
            throw Invalid(message: "A required parameter is missing.", param: name)
        }
        if endpoint == .chat, document.kind(of: input) != .array || document.isEmpty(input) {
            throw Invalid(message: "'messages' must be an array with messages.", param: name)
        }
        let source = document.source(of: input)
        seed = FNV.hash(source, FNV.hash(model.utf8.span))
        promptTokens = source.count / 4 + 1
        guard endpoint == .embeddings else { return }
        var elements = document.elements(of: input)
        while let element = elements.next() {
            // An array of numbers is one text as tokens.
            if document.kind(of: element) == .number { break }
            inputSeeds.append(FNV.hash(document.source(of: element)))
        }
        if inputSeeds.isEmpty { inputSeeds = [FNV.hash(source)] }
        guard inputSeeds.count <= Self.inputsMax else {
            throw Invalid(message: "'input' has more than 2048 elements.", param: "input")
        }
    }

    /// Tools are called where a choice demands it, or by the model `mock-tools` unless the
    /// conversation ends in a tool's result.
    private mutating func readTools(_ document: borrowing JSONDocument) {
        let root = document.root
        guard let tools = document.value("tools", of: root) else { return }
        var wanted: JSONValue?
        var isOne = false
        if let choice = document.value("tool_choice", of: root) {
            if document.string(choice, equals: "none") { return }
            isOne = true
            wanted = document.value(
                "name", of: document.value("function", of: choice) ?? choice)
        } else {
            guard behaviour == .tools, !document.endsInToolResult else { return }
        }
        var elements = document.elements(of: tools)
        while let tool = elements.next() {
            // The Responses API has the function's members in the tool itself.
            let function = document.value("function", of: tool) ?? tool
            guard let name = document.value("name", of: function) else { continue }
            if let wanted, !document.string(name, equals: document.rawString(wanted)) { continue }
            toolCalls.append(
                ToolCall(
                    name: document.text(name) ?? "", arguments: document.arguments(for: function)))
            if isOne { return }
        }
    }
}

extension JSONDocument {
    fileprivate func isTrue(_ key: StaticString, of object: JSONValue) -> Bool {
        value(key, of: object).map { kind(of: $0) == .true } ?? false
    }

    fileprivate func number(_ key: StaticString, of object: JSONValue) -> Int? {
        value(key, of: object).flatMap { integer($0) }
    }

    fileprivate var endsInToolResult: Bool {
        guard let messages = value("messages", of: root) ?? value("input", of: root) else {
            return false
        }
        var last: JSONValue?
        var elements = elements(of: messages)
        while let message = elements.next() { last = message }
        guard let last else { return false }
        if let role = value("role", of: last) { return string(role, equals: "tool") }
        return value("type", of: last).map { string($0, equals: "function_call_output") } ?? false
    }

    /// Arguments a function's JSON schema accepts, as far as types go.
    fileprivate func arguments(for function: JSONValue) -> String {
        var text = ByteBuffer()
        text.append("{")
        if let parameters = value("parameters", of: function),
            let properties = value("properties", of: parameters)
        {
            var members = members(of: properties)
            while let member = members.next() {
                if text.count > 1 { text.append(",") }
                text.append(source(of: member.key))
                text.append(":")
                appendExample(of: member.value, to: &text)
            }
        }
        text.append("}")
        return String(decoding: text.bytes)
    }

    private func appendExample(of schema: JSONValue, to text: inout ByteBuffer) {
        if let values = value("enum", of: schema) {
            var elements = elements(of: values)
            if let first = elements.next() { return text.append(source(of: first)) }
        }
        guard let type = value("type", of: schema) else { return text.append("null") }
        if string(type, equals: "string") { return text.append("\"Zürich\"") }
        if string(type, equals: "integer") || string(type, equals: "number") {
            return text.append("7")
        }
        if string(type, equals: "boolean") { return text.append("true") }
        if string(type, equals: "array") { return text.append("[]") }
        if string(type, equals: "object") { return text.append("{}") }
        text.append("null")
    }
}

/// The Fowler-Noll-Vo hash, FNV-1a of 64 bits: the same in every process.
enum FNV {
    static func hash(_ bytes: Span<UInt8>, _ start: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
        var hash = start
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        return hash
    }
}
