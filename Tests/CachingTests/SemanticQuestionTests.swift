import Bytes
import Caching
import JSON
import OpenAIAPI
import Testing

/// What a body asks, and where that belongs; nil: it is compared with nothing.
func question(
    _ body: String, _ scope: Scope = Scope(), endpoint: Endpoint = .chatCompletions
) throws -> (partition: SemanticPartition, text: String)? {
    let secret = Array("secret".utf8)
    var maker = CacheKeyMaker(secret: secret.span)
    let body = Array(body.utf8)
    var scanner = JSONScanner()
    let request = try CallRequest(body.span, endpoint: endpoint, scanner: &scanner)
    let document = scanner.document(body.span)
    let path = Array(scope.path.utf8)
    let upstream = Array(scope.upstream.utf8)
    let credential = scope.credential.map { Array($0.utf8) }
    let namespace = scope.namespace.map { Array($0.utf8) }
    let borrowed = CacheScope(
        path: path.span, upstream: upstream.span, credential: credential?.span,
        namespace: namespace?.span, isShared: scope.isShared)
    var text = ByteBuffer()
    guard
        let partition = maker.question(
            of: document, request: request, scope: borrowed, text: &text)
    else { return nil }
    return (partition, String(decoding: text.bytes))
}

@Suite struct SemanticQuestionTests {
    static func body(
        _ content: String = #""Where is it?""#, _ more: String = "", before: String = "",
        model: String = "m"
    ) -> String {
        #"{"model":"\#(model)","messages":[\#(before)"#
            + #"{"role":"user","content":\#(content)}]\#(more)}"#
    }

    static let system = #"{"role":"system","content":"Be brief."},"#

    /// All are of one partition, as only the words of the last question differ.
    @Test func `words of the question alone do not part questions`() throws {
        let bodies = [
            Self.body(), Self.body(#""And where is that?""#),
            Self.body(#"[{"type":"text","text":"Where"},{"type":"text","text":"is it?"}]"#),
            Self.body(#""Where""#, #","stream":true,"user":"me""#),
            #"{"messages":[{"content":"Where \u0069s it?","role":"user"}],"model":"m"}"#,
        ]
        let found = try bodies.map { try #require(try question($0)) }
        #expect(Set(found.map(\.partition)).count == 1)
        #expect(
            found.map(\.text) == [
                "Where is it?", "And where is that?", "Where\nis it?", "Where", "Where is it?",
            ])
    }

    @Test func `everything else parts them`() throws {
        let bodies = [
            Self.body(), Self.body(model: "n"), Self.body(before: Self.system),
            Self.body(before: #"{"role":"system","content":"Be long."},"#),
            Self.body(before: #"{"role":"user","content":"Where is it?"},"#),
            Self.body(before: #"{"role":"assistant","content":"Where is it?"},"#),
            Self.body(#""Where is it?","name":"a""#),
            Self.body(#""Where is it?""#, #","temperature":0"#),
            Self.body(#""Where is it?""#, #","temperature":1"#),
            Self.body(#""Where is it?""#, #","n":2"#),
            Self.body(#""Where is it?""#, #","tools":[{"type":"function"}]"#),
            Self.body(#""Where is it?""#, #","response_format":{"type":"json_object"}"#),
            Self.body(#""Where are 2 of it?""#), Self.body(#""Where are 3 of it?""#),
            Self.body(#""Where are 2 3 of it?""#), Self.body(#""Where are 23 of it?""#),
        ]
        var found = try bodies.map { try #require(try question($0)).partition }
        var scopes = [Scope](repeating: Scope(), count: 5)
        scopes[0].credential = "sk-two"
        scopes[1].namespace = "n"
        scopes[2].upstream = "http://other/v1"
        scopes[3].isShared = true
        scopes[4].path = "/chat/completions"
        found += try scopes.map { try #require(try question(Self.body(), $0)).partition }
        #expect(Set(found).count == found.count)
    }

    @Test(arguments: [
        body(#""""#), body(#"" \n""#), body("null"), body("[]"), body("1"),
        body(#"[{"type":"text","text":"Where?"},{"type":"image_url","image_url":{"url":"u"}}]"#),
        body(#"[{"type":"file","text":"Where?"}]"#), body(#"[{"type":"text","text":1}]"#),
        body(#"[{"type":"text","text":"Where?","more":1}]"#),
        body(#"[{"type":"text","text":"Where?","text":"There?"}]"#), body(#"["Where?"]"#),
        body(#""Where?","content":"There?""#), body(#""Where?","role":"system""#),
        body("\"" + String(repeating: "a", count: CacheKeyMaker.questionBytesMax + 1) + "\""),
        #"{"model":"m","messages":[]}"#, #"{"model":"m"}"#, #"{"model":"m","messages":{}}"#,
        #"{"model":"m","messages":["Where?"]}"#,
        #"{"model":"m","messages":[{"role":"system","content":"Where?"}]}"#,
        #"{"model":"m","messages":[{"role":"user","content":"Where?"},"#
            + #"{"role":"assistant","content":"There."}]}"#,
        #"{"model":"m","messages":[{"role":"user","content":"Where?"},"#
            + #"{"role":"tool","content":"There."}]}"#,
    ]) func `what is no plain question is compared with nothing`(body: String) throws {
        #expect(try question(body) == nil, "\(body)")
    }

    @Test func `who has no credential, and other endpoints, are compared with nothing`() throws {
        var scope = Scope()
        scope.credential = nil
        #expect(try question(Self.body(), scope) == nil)
        #expect(try question(Self.body(), endpoint: .completions) == nil)
        #expect(try question(Self.body(), endpoint: .embeddings) == nil)
    }

    /// Whatever two calls differ in, they are of one partition only if that is the last question.
    @Test func `two tenants, models or instructions never share a partition`() throws {
        var dice = Dice(6)
        for _ in 0..<1000 {
            func some() -> String { "a\(dice.number(below: 3))" }
            func one() -> (parts: [String], body: String, scope: Scope) {
                let parts = [some(), some(), some(), some()]
                let before = #"{"role":"system","content":"\#(parts[0])"},"#
                var scope = Scope()
                scope.credential = parts[1]
                scope.namespace = parts[2]
                let body = Self.body(
                    dice.hits(oneIn: 2) ? "\"Is it?\"" : "\"Was it?\"", before: before,
                    model: parts[3])
                return (parts, body, scope)
            }
            let (left, right) = (one(), one())
            let first = try #require(try question(left.body, left.scope)).partition
            let second = try #require(try question(right.body, right.scope)).partition
            #expect((first == second) == (left.parts == right.parts))
        }
    }

    @Test(
        arguments: [
            (nil, nil), ("simple", false), ("semantic", true), (" SEMANTIC ", true), ("off", nil),
            ("fuzzy", nil),
        ] as [(String?, Bool?)]) func `the caller says what is enough`(word: String?, isNear: Bool?)
    {
        var controls = CacheControls()
        if let word { controls.read(mode: word.utf8.span) }
        #expect(controls.semantic == isNear)
    }

    @Test func `of both words the careful one wins`() {
        for words in [["simple", "semantic"], ["semantic", "simple"]] {
            var controls = CacheControls()
            for word in words { controls.read(mode: word.utf8.span) }
            #expect(controls.semantic == false)
        }
    }

    @Test(
        arguments: [
            (#"{"data":[{"embedding":[1,0]}]}"#, 2), (#"{"data":[{"embedding":[3]}],"x":1}"#, 1),
            (#"{"data":[{"embedding":[0,0]}]}"#, nil), (#"{"data":[{"embedding":[1,"2"]}]}"#, nil),
            (#"{"data":[{"embedding":[1e40]}]}"#, nil), (#"{"data":[{"embedding":"AAAA"}]}"#, nil),
            (#"{"data":[{"embedding":[1]},{"embedding":[1]}]}"#, nil), (#"{"data":[]}"#, nil),
            (#"{"data":{}}"#, nil), (#"{}"#, nil), (#"[]"#, nil),
            (#"{"error":{"message":"no"}}"#, nil),
        ] as [(String, Int?)]) func `a vector is read from an answer for one text`(
            answer: String, dimensions: Int?
        ) throws
    {
        let bytes = Array(answer.utf8)
        var scanner = JSONScanner()
        try scanner.scan(bytes.span)
        #expect(SemanticVector(answer: scanner.document(bytes.span))?.dimensions == dimensions)
    }
}
