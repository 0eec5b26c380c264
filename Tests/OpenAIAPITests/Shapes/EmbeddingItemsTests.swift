import Bytes
import JSON
import OpenAIAPI
import Testing

struct EmbeddingItemsTests {
    static func scanned<Result>(
        _ text: String, _ body: (borrowing JSONDocument) -> Result
    ) throws -> Result {
        var scanner = JSONScanner()
        let source = buffer(text)
        try scanner.scan(source.bytes)
        return body(scanner.document(source.bytes))
    }

    static func items(_ body: String) throws -> EmbeddingItems? {
        try scanned(body) { EmbeddingItems($0) }
    }

    static func element(_ index: Int, _ vector: String) -> String {
        #"{"object":"embedding","index":\#(index),"embedding":\#(vector)}"#
    }

    static func answer(_ data: [String], prompt: Int, total: Int? = nil, model: String = "m")
        -> String
    {
        #"{"object":"list","data":["# + data.joined(separator: ", ") + #"],"model":""# + model
            + #"","usage":{"prompt_tokens":\#(prompt),"total_tokens":\#(total ?? prompt)}}"#
    }

    /// Known inputs of a request with `count`, by their answers; false where one was refused.
    static func known(
        _ count: Int, _ answers: [(Int, String)]
    ) throws -> (known: KnownEmbeddingsBox, isTaken: Bool) {
        let box = KnownEmbeddingsBox(count)
        var isTaken = true
        for (index, answer) in answers {
            let item = try #require(try scanned(answer) { EmbeddingItem($0) })
            let source = buffer(answer)
            if !box.known.add(item, of: source.bytes, at: index) { isTaken = false }
        }
        return (box, isTaken)
    }

    final class KnownEmbeddingsBox {
        var known: KnownEmbeddings

        init(_ count: Int) { known = KnownEmbeddings(itemCount: count) }

        func merged(_ answer: String) throws -> String? {
            try scanned(answer) { document in
                var merged = ByteBuffer()
                return known.appendMerged(document, to: &merged) ? string(merged) : nil
            }
        }

        /// The answer of known ones alone.
        func answer() -> String? {
            var answer = ByteBuffer()
            return known.appendAnswer(to: &answer) ? string(answer) : nil
        }

        func rest(of body: String) throws -> String {
            let items = try #require(try EmbeddingItemsTests.items(body))
            var result = ByteBuffer()
            items.appendBody(buffer(body).bytes, without: known, to: &result)
            return string(result)
        }
    }

    @Test(
        "the inputs of a request are found",
        arguments: [
            (#"{"input":"a"}"#, ["\"a\""], false), (#"{"input":[1,2]}"#, ["[1,2]"], false),
            (#"{"input":["a", "b\n" ]}"#, ["\"a\"", #""b\n""#], true),
            (#"{"input":[[1],[2, 3]]}"#, ["[1]", "[2, 3]"], true),
            (#"{"input":["a"]}"#, ["\"a\""], true),
        ])
    func finds(_ body: String, _ expected: [String], _ isArray: Bool) throws {
        let items = try #require(try Self.items(body))
        let bytes = Array(body.utf8)
        #expect(items.items.map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
        #expect(items.isArray == isArray)
    }

    @Test(
        "an input of another kind is none",
        arguments: [
            "{}", #"{"input":[]}"#, #"{"input":null}"#, #"{"input":1}"#, #"{"input":{}}"#,
            #"{"input":["a",1]}"#, #"{"input":["a",["b"]]}"#, #"{"input":[1,"a"]}"#,
            #"{"input":[[1],[]]}"#, #"{"input":[[1],["a"]]}"#, #"{"input":[[]]}"#,
            #"{"input":[{}]}"#, #"{"input":[null]}"#,
            #"{"input":[\#(Array(repeating: "\"a\"", count: 2049).joined(separator: ","))]}"#,
        ])
    func isNone(_ body: String) throws {
        #expect(try Self.items(body) == nil)
    }

    @Test func `the rest is asked for, every other byte as it was`() throws {
        let body = #"{"model":"m", "input": [ "a", "b","c" ] , "dimensions":3}"#
        let one = Self.answer([Self.element(0, "[1]")], prompt: 1)
        let box = try Self.known(3, [(1, one)]).known
        #expect(try box.rest(of: body) == #"{"model":"m", "input": ["a","c"] , "dimensions":3}"#)
        let (first, second) = (box.known.isKnown(0), box.known.isKnown(1))
        #expect(!first && second)
    }

    @Test func `known and new ones make one answer, in order, with the sum of the tokens`() throws {
        let box = try Self.known(
            4,
            [
                (0, Self.answer([Self.element(0, "[1.50, 2]")], prompt: 3)),
                (2, Self.answer([Self.element(0, "[0.10,-2e3]")], prompt: 4, total: 5)),
            ]
        ).known
        // The provider's own order is not that of the inputs.
        let rest =
            #"{"id":"x","usage":{"prompt_tokens":10,"total_tokens":11,"d":1},"data":["#
            + #"{"index": 1 ,"embedding":[4,4],"object":"embedding"},"#
            + #"{"object":"embedding","embedding":[3 ,3],"index":0}],"model":"m"}"#
        #expect(
            try box.merged(rest)
                == #"{"id":"x","usage":{"prompt_tokens":17,"total_tokens":19,"d":1},"data":["#
                + Self.element(0, "[1.50, 2]")
                + #",{"object":"embedding","embedding":[3 ,3],"index":1},"#
                + Self.element(2, "[0.10,-2e3]")
                + #",{"index": 3 ,"embedding":[4,4],"object":"embedding"}],"model":"m"}"#)
    }

    @Test func `vectors in base64 stay as they are`() throws {
        let box = try Self.known(
            2, [(1, Self.answer([Self.element(0, #""AACAPw==""#)], prompt: 1))]
        ).known
        let merged = try box.merged(Self.answer([Self.element(0, #""AAAAQA==""#)], prompt: 2))
        #expect(
            merged
                == Self.answer(
                    [Self.element(0, #""AAAAQA==""#), Self.element(1, #""AACAPw==""#)], prompt: 3
                ).replacing(", {", with: ",{"))
    }

    @Test func `an answer of known ones alone`() throws {
        let one = Self.answer([Self.element(0, "[1]")], prompt: 2, total: 3)
        let box = try Self.known(2, [(1, one), (0, one)]).known
        #expect(
            box.answer()
                == Self.answer(
                    [Self.element(0, "[1]"), Self.element(1, "[1]")], prompt: 4, total: 6
                ).replacing(", {", with: ",{"))
        let part = try Self.known(2, [(1, one)]).known
        #expect(part.answer() == nil)
    }

    @Test(
        "of an answer that is not exactly as expected no item is learnt",
        arguments: [
            answer([], prompt: 1), answer([element(1, "[1]")], prompt: 1),
            answer([element(0, "[1]"), element(1, "[1]")], prompt: 1),
            answer([element(0, "[]")], prompt: 1), answer([element(0, "1")], prompt: 1),
            answer([element(0, "[1]")], prompt: -1),
            answer([element(0, "[1]")], prompt: 1).replacing("usage", with: "u"),
            answer([element(0, "[1]")], prompt: 1).replacing("model", with: "u"),
            answer([element(0, "[1]")], prompt: 1).replacing("total_tokens", with: "u"),
            answer([element(0, "[1]")], prompt: 1).replacing("index", with: "u"),
            answer([element(0, #"[1],"index":0"#)], prompt: 1),
            answer([element(0, #"[1],"x":0"#)], prompt: 1),
            answer([element(0, "[1]")], prompt: 1).replacing("\"list\"", with: "\"error\""),
        ])
    func isNotLearnt(_ answer: String) throws {
        #expect(try Self.scanned(answer) { EmbeddingItem($0) } == nil)
    }

    @Test func `an item says where its vector and its tokens stand`() throws {
        let answer = Self.answer([Self.element(0, "[1, 2]")], prompt: 7, total: 8)
        let item = try #require(try Self.scanned(answer) { EmbeddingItem($0) })
        let bytes = Array(answer.utf8)
        #expect(String(decoding: bytes[item.embedding], as: UTF8.self) == "[1, 2]")
        #expect(String(decoding: bytes[item.model], as: UTF8.self) == "\"m\"")
        #expect(item.promptTokens == 7 && item.totalTokens == 8 && !item.isBase64)
    }

    @Test func `known ones that do not fit each other are refused`() throws {
        let one = Self.answer([Self.element(0, "[1]")], prompt: 1)
        for other in [
            Self.answer([Self.element(0, "[1,2]")], prompt: 1),
            Self.answer([Self.element(0, #""AAAA""#)], prompt: 1),
            Self.answer([Self.element(0, "[1]")], prompt: 1, model: "n"),
            Self.answer([Self.element(0, "[1]")], prompt: .max),
        ] {
            let (box, isTaken) = try Self.known(3, [(0, one), (1, other)])
            let (count, isKnown) = (box.known.count, box.known.isKnown(1))
            #expect(!isTaken && count == 1 && !isKnown)
        }
        #expect(try !Self.known(3, [(0, one), (0, one)]).isTaken)
    }

    @Test(
        "an answer for the rest that does not fit is refused",
        arguments: [
            answer([element(0, "[1]")], prompt: 1),
            answer([element(0, "[1]"), element(1, "[1]"), element(2, "[1]")], prompt: 1),
            answer([element(0, "[1]"), element(0, "[1]")], prompt: 1),
            answer([element(1, "[1]"), element(2, "[1]")], prompt: 1),
            answer([element(0, "[1]"), element(-1, "[1]")], prompt: 1),
            answer([element(0, "[1]"), element(1, "[1,2]")], prompt: 1),
            answer([element(0, "[1]"), element(1, #""A""#)], prompt: 1),
            answer([element(0, #""A""#), element(1, #""A""#)], prompt: 1),
            answer([element(0, "[1]"), element(1, "[1]")], prompt: 1, model: "n"),
            answer([element(0, "[1]"), element(1, "[1]")], prompt: .max),
            answer([element(0, "[1]"), element(1, "[1]")], prompt: 1).replacing("data", with: "d"),
            "{}",
        ])
    func doesNotFit(_ answer: String) throws {
        let one = Self.answer([Self.element(0, "[1]")], prompt: 1)
        let box = try Self.known(3, [(1, one)]).known
        #expect(try box.merged(answer) == nil)
        let fitting = Self.answer([Self.element(0, "[1]"), Self.element(1, "[2]")], prompt: 1)
        #expect(try box.merged(fitting) != nil)
    }
}
