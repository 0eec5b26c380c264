import Bytes
import JSON
import OpenAIAPI
import Testing

struct CallRequestTests {
    static func request(
        _ body: String, _ endpoint: Endpoint = .chatCompletions
    ) throws(CallRequestError) -> CallRequest {
        var scanner = JSONScanner()
        let body = buffer(body)
        return try CallRequest(body.bytes, endpoint: endpoint, scanner: &scanner)
    }

    static let refused: [(String, CallRequestError)] = [
        ("{}", .modelMissing),
        ("[]", .notAnObject),
        ("null", .notAnObject),
        ("\"model\"", .notAnObject),
        (#"{"model":null}"#, .modelNotAString),
        (#"{"model":["gpt-4o"]}"#, .modelNotAString),
        (#"{"model":4}"#, .modelNotAString),
        (#"{"model":""}"#, .modelEmpty),
        (#"{"model":"a\r\nx: y"}"#, .modelHasControlCharacter),
        (#"{"model":"a\u0000"}"#, .modelHasControlCharacter),
        (#"{"model":"a\u007f"}"#, .modelHasControlCharacter),
        ("{\"model\":\"a\u{85}\"}", .modelHasControlCharacter),
        (#"{"model":"\#(String(repeating: "m", count: 257))"}"#, .modelTooLong),
        (#"{"model":"\#(String(repeating: "m", count: 1 << 20))"}"#, .modelTooLong),
    ]

    @Test(arguments: refused)
    func `a body without a usable model is refused`(_ body: String, _ error: CallRequestError) {
        #expect(throws: error) { try Self.request(body) }
        #expect(error.code.description == "invalid_request")
        #expect(error.param?.description == (error == .notAnObject ? nil : "model"))
    }

    @Test(arguments: [
        ("", JSONError.Code.empty), ("  ", .empty), (#"{"model":"a"#, .unclosedString),
        (#"{"model":"a"}}"#, .trailingBytes), (#"{"model":"a","model":"b"}"#, .duplicateKey),
        ("\u{FEFF}{}", .byteOrderMark),
        (#"{"model":"a","x":\#(String(repeating: "[", count: 200))"#, .tooDeep),
    ])
    func `a body that is not JSON is refused`(_ body: String, _ code: JSONError.Code) throws {
        let error = #expect(throws: CallRequestError.self) { try Self.request(body) }
        guard case .invalidJSON(let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // A depth that is never closed may be seen as either.
        #expect(reason.code == code || code == .tooDeep && reason.code == .unexpectedEnd)
        #expect(error?.code.description == "invalid_json")
        #expect(error?.param == nil)
    }

    @Test
    func `a model of 256 bytes with escapes is read`() throws {
        let body = #"{"model":"\u00e9\/\"\#(String(repeating: "m", count: 252))"}"#
        let request = try Self.request(body)
        let text = request.model.string(from: buffer(body).bytes)
        #expect(text == "\u{e9}/\"" + String(repeating: "m", count: 252))
        #expect(text.utf8.count == 256)
    }

    @Test
    func `every parameter of a chat is read`() throws {
        let body = """
            { "temperature" : 0, "messages": [{"role":"user","content":"a"}, {}, {}],
              "model": "gpt-4o", "stream": true, "stream_options": {"include_usage": false},
              "top_p": 1, "top_k": 40, "frequency_penalty": -0.5, "presence_penalty": 2e-1,
              "max_tokens": 5, "max_completion_tokens": 7, "n": 2, "seed": 0,
              "stop": ["x", "\\n", 3], "response_format": {"type": "json_schema", "x": []},
              "service_tier": "flex", "user": "u-1", "tools": [ ], "modalities": ["text"] }
            """
        let request = try Self.request(body)
        let bytes = buffer(body)
        #expect(request.model.string(from: bytes.bytes) == "gpt-4o")
        #expect(request.isStreaming && request.includesUsage == false)
        #expect(request.temperature == 0 && request.topP == 1 && request.topK == 40)
        #expect(request.frequencyPenalty == -0.5 && request.presencePenalty == 0.2)
        #expect(request.maxTokens == 7 && request.choiceCount == 2 && request.seed == 0)
        #expect(request.stopSequences.map { $0.string(from: bytes.bytes) } == ["x", "\n"])
        #expect(request.outputType == .json)
        #expect(request.serviceTier?.string(from: bytes.bytes) == "flex")
        #expect(request.user?.string(from: bytes.bytes) == "u-1")
        #expect(request.messageCount == 3)
        let tools = try #require(request.tools)
        #expect(String(decoding: bytes.bytes.extracting(tools)) == "[ ]")
        let messages = try #require(request.messages)
        #expect(String(decoding: bytes.bytes.extracting(messages)).hasSuffix("{}, {}]"))
    }

    @Test
    func `parameters that were not sent are nil, and those of a wrong kind too`() throws {
        let bare = try Self.request(#"{"model":"m"}"#)
        #expect(bare.temperature == nil && bare.maxTokens == nil && bare.seed == nil)
        #expect(bare.outputType == nil && bare.stopSequences.isEmpty && bare.messages == nil)
        let odd = try Self.request(
            #"{"model":"m","temperature":"1","max_tokens":1.5,"n":"2","seed":99999999999999999999,"#
                + #""stop":{},"user":7,"response_format":"json","modalities":7,"messages":{}}"#)
        #expect(odd.temperature == nil && odd.maxTokens == nil && odd.choiceCount == nil)
        #expect(odd.seed == nil && odd.stopSequences.isEmpty && odd.user == nil)
        #expect(odd.outputType == nil && odd.messageCount == 0)
    }

    @Test(arguments: [
        ("true", true), ("false", false), ("\"true\"", false), ("1", false), ("null", false),
        ("[true]", false), ("{}", false),
    ])
    func `only the boolean true asks for a stream`(_ value: String, _ expected: Bool) throws {
        #expect(try Self.request(#"{"model":"m","stream":\#(value)}"#).isStreaming == expected)
    }

    @Test
    func `output types are text, json and speech`() throws {
        func type(_ more: String) throws -> CallRequest.OutputType? {
            try Self.request(#"{"model":"m",\#(more)}"#).outputType
        }
        #expect(try type(#""response_format":{"type":"text"}"#) == .text)
        #expect(try type(#""response_format":{"type":"json_object"}"#) == .json)
        #expect(try type(#""response_format":{"type":"x"}"#) == nil)
        #expect(try type(#""modalities":["text","audio"]"#) == .speech)
        #expect(try type(#""modalities":["text"]"#) == nil)
        #expect(try type(#""text":{"format":{"type":"json_schema"}}"#) == .json)
    }

    @Test
    func `embeddings and responses have parameters of their own`() throws {
        let body = #"{"model":"e","input":["a"],"encoding_format":"base64","dimensions":256}"#
        let embeddings = try Self.request(body, .embeddings)
        #expect(embeddings.dimensions == 256 && embeddings.input != nil)
        #expect(embeddings.encodingFormat?.string(from: buffer(body).bytes) == "base64")
        let responses = try Self.request(
            #"{"model":"m","input":"a","instructions":"b","max_output_tokens":9,"stream":true}"#,
            .responses)
        #expect(responses.maxTokens == 9 && responses.instructions != nil)
        #expect(responses.isStreaming && responses.usageInjection == nil)
    }

    static let injections: [(String, String)] = [
        (
            #"{"model":"m","stream":true}"#,
            #"{"stream_options":{"include_usage":true},"model":"m","stream":true}"#
        ),
        (
            #" { "stream" : true , "model":"m" } "#,
            #" {"stream_options":{"include_usage":true}, "stream" : true , "model":"m" } "#
        ),
        (
            #"{"model":"m","stream":true,"stream_options":{}}"#,
            #"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#
        ),
        (
            #"{"model":"m","stream_options":{ "x":1 },"stream":true}"#,
            #"{"model":"m","stream_options":{"include_usage":true, "x":1 },"stream":true}"#
        ),
        (
            #"{"stream_options":{"include_usage": false},"model":"m","stream":true}"#,
            #"{"stream_options":{"include_usage": true},"model":"m","stream":true}"#
        ),
        (
            #"{"stream_options":{"include_usage":"no","x":2},"model":"m","stream":true}"#,
            #"{"stream_options":{"include_usage":true,"x":2},"model":"m","stream":true}"#
        ),
        (
            #"{"stream_options":null,"model":"m","stream":true}"#,
            #"{"stream_options":{"include_usage":true},"model":"m","stream":true}"#
        ),
    ]

    @Test(arguments: injections)
    func `asking for usage changes nothing else`(_ body: String, _ expected: String) throws {
        let request = try Self.request(body)
        let source = buffer(body)
        var result = ByteBuffer()
        request.appendBody(source.bytes, model: nil, asksForUsage: true, to: &result)
        #expect(string(result) == expected)
        // And what comes out asks already.
        #expect(try Self.request(expected).usageInjection == nil)
        result.removeAll()
        request.appendBody(source.bytes, model: nil, asksForUsage: false, to: &result)
        #expect(string(result) == body)
    }

    @Test(arguments: [
        #"{"model":"m"}"#, #"{"model":"m","stream":false}"#, #"{"model":"m","stream":"true"}"#,
        #"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
        #"{"model":"m","stream":true,"stream_options":[]}"#,
        #"{"model":"m","stream":true,"stream_options":7}"#,
    ])
    func `usage is not asked for where that is not ours to do`(_ body: String) throws {
        #expect(try Self.request(body).usageInjection == nil)
    }

    @Test(arguments: injections)
    func `another model's name goes in beside it`(_ body: String, _ expected: String) throws {
        let request = try Self.request(body)
        let source = buffer(body)
        let name = buffer("a\"b")
        var result = ByteBuffer()
        request.appendBody(source.bytes, model: name.bytes, asksForUsage: true, to: &result)
        #expect(string(result) == expected.replacing(#":"m""#, with: #":"a\"b""#))
    }

    @Test
    func `escapes of every kind are decoded`() throws {
        let body = #"{"model":"m","user":"\n\t\r\b\f\/\\\"\u00E9\uD83D\uDC26\ud800x\udc00"}"#
        let request = try Self.request(body)
        let text = request.user?.string(from: buffer(body).bytes)
        #expect(text == "\n\t\r\u{8}\u{c}/\\\"\u{e9}\u{1F426}\u{FFFD}x\u{FFFD}")
    }
}
