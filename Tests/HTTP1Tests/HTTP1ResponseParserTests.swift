import Bytes
import HTTP1
import Testing

/// What a parser made of one connection's bytes.
private struct Answer: Equatable, CustomStringConvertible {
    var interim: [Int] = []
    var status = 0
    var minorVersion = 1
    var framing = HTTP1ResponseParser.Framing.none
    var keepsAlive = true
    var fields: [String] = []
    var body = ""
    var isComplete = false
    /// Bytes behind the answer.
    var rest = ""
    var error: HTTP1ResponseError.Cause?

    var description: String {
        var text = interim.map { "\($0), " }.joined()
        if status > 0 { text += "\(status) 1.\(minorVersion) \(framing)" }
        if keepsAlive { text += " keep" }
        text += " '\(body)'"
        if isComplete { text += " end" }
        if !rest.isEmpty { text += " + '\(rest)'" }
        if let error { text += " \(error)" }
        return text
    }
}

/// Feeds `wire` to one parser in pieces that end at `cuts` and at the end.
private func answer(
    _ wire: [UInt8], cuts: [Int] = [], toHead: Bool = false, headBytesMax: Int = 64 << 10,
    interimHeadsMax: Int = 2
) -> Answer {
    var result = Answer()
    var parser = HTTP1ResponseParser(headBytesMax: headBytesMax, interimHeadsMax: interimHeadsMax)
    parser.begin(answersHead: toHead)
    var position = 0
    var hasHead = false
    func step(_ end: Int) throws(HTTP1ResponseError) {
        while !hasHead {
            guard let length = try parser.parseHead(wire.span.extracting(position..<end))
            else { return }
            let bytes = wire.span.extracting(position..<position + length)
            position += length
            if parser.isInterim {
                result.interim.append(parser.status)
                continue
            }
            hasHead = true
            result.status = parser.status
            result.minorVersion = parser.minorVersion
            result.framing = parser.framing
            result.keepsAlive = parser.keepsAlive
            for index in parser.fields.indices {
                let field = parser.fields[index]
                result.fields.append(
                    String(decoding: bytes.extracting(field.name)) + "="
                        + String(decoding: bytes.extracting(field.value)))
            }
        }
        while !result.isComplete {
            let step = try parser.parseBody(wire.span.extracting(position..<end))
            result.body += String(
                decoding: wire.span.extracting(position..<end).extracting(step.data))
            position += step.consumed
            result.isComplete = step.isComplete
            if step.consumed == 0 || position == end { break }
        }
    }
    do {
        for end in cuts + [wire.count] { try step(end) }
    } catch {
        result.error = error.cause
        result.keepsAlive = false
        return result
    }
    result.rest = String(decoding: wire.span.extracting(position...))
    return result
}

@Suite struct HTTP1ResponseParserTests {
    /// The answer, where it is the same however the bytes are cut.
    private func parse(
        _ text: String, toHead: Bool = false, headBytesMax: Int = 64 << 10
    ) -> String {
        let wire = Array(text.utf8)
        let whole = answer(wire, toHead: toHead, headBytesMax: headBytesMax)
        var all = [Array(0..<wire.count)]
        for cut in 0..<wire.count { all.append([cut]) }
        for cuts in all {
            let other = answer(wire, cuts: cuts, toHead: toHead, headBytesMax: headBytesMax)
            if other != whole { return "cut at \(cuts.prefix(1)): \(other), whole: \(whole)" }
        }
        return whole.description
    }

    @Test(
        "an answer's framing follows its head",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200 1.1 length(2) keep '{}' end"),
            ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 1.1 none keep '' end"),
            ("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{", "200 1.1 length(2) keep '{'"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}x",
                "200 1.1 length(2) keep '{}' end + 'x'"
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n"
                    + "0\r\nTrailer: 1\r\n\r\n",
                "200 1.1 chunked keep 'abcde' end"
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
                "200 1.1 chunked keep 'abc'"
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP",
                "200 1.1 chunked keep '' end + 'HTTP'"
            ),
            ("HTTP/1.1 200 OK\r\nX: 1\r\n\r\nabc", "200 1.1 untilClose 'abc'"),
            ("HTTP/1.1 204 No\r\nX: 1\r\n\r\nabc", "204 1.1 none keep '' end + 'abc'"),
            ("HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", "304 1.1 none keep '' end"),
            (
                "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\na",
                "200 1.1 length(1) 'a' end"
            ),
            ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200 1.0 length(1) 'a' end"),
            (
                "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na",
                "200 1.0 length(1) keep 'a' end"
            ),
            (
                "HTTP/1.7 200 OK\r\nContent-Length: 1\r\n\r\na", "200 1.1 length(1) keep 'a' end"
            ),
            (
                "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 H\r\nLink: x\r\n\r\n"
                    + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
                "100, 103, 200 1.1 length(1) keep 'a' end"
            ),
        ])
    func readsFraming(_ wire: String, _ expected: String) {
        #expect(parse(wire) == expected)
    }

    @Test func `an answer to HEAD has no body, whatever its head says`() {
        #expect(
            parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", toHead: true)
                == "200 1.1 none keep '' end")
        #expect(
            parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", toHead: true)
                == "200 1.1 none keep '' end")
    }

    @Test func `fields are ranges of the head, without the white space around values`() {
        let wire = "HTTP/1.1 200 OK\r\nA:1\r\nb-C: \t2 3\t \r\nEmpty:\r\nContent-Length: 0\r\n\r\n"
        #expect(
            answer(Array(wire.utf8)).fields == ["A=1", "b-C=2 3", "Empty=", "Content-Length=0"])
    }

    @Test(
        "what is not proper HTTP/1 is refused at the first byte that shows it",
        arguments: [
            ("<html>", .invalidStatusLine), ("\r\nHTTP/1.1 200 OK\r\n\r\n", .invalidStatusLine),
            ("HTTP/2 200\r\n\r\n", .invalidStatusLine), ("SSH-2.0-x\r\n", .invalidStatusLine),
            ("HTTP/1.1 20x OK\r\n\r\n", .invalidStatusLine),
            ("HTTP/1.1 99 No\r\n\r\n", .invalidStatusLine),
            ("HTTP/1.1 099 No\r\n\r\n", .invalidStatusLine),
            ("HTTP/1.1 2000 OK\r\n\r\n", .invalidStatusLine),
            ("HTTP/1.1  200 OK\r\n\r\n", .invalidStatusLine),
            ("HTTP/1.x 200 OK\r\n\r\n", .invalidStatusLine),
            ("HTTP/1.1 200 O\u{0}K\r\n\r\n", .invalidStatusLine),
            ("HTTP/1.1 200 OK\n\r\n", .invalidStatusLine),
            ("HTTP/1.1 200 OK\r\nA: 1\n\r\n", .bareLineFeed),
            ("HTTP/1.1 200 OK\r\n\n", .bareLineFeed),
            ("HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\n\r\n", .foldedField),
            ("HTTP/1.1 200 OK\r\n A: 1\r\n\r\n", .foldedField),
            ("HTTP/1.1 200 OK\r\nA : 1\r\n\r\n", .invalidFieldName),
            ("HTTP/1.1 200 OK\r\n: 1\r\n\r\n", .invalidFieldName),
            ("HTTP/1.1 200 OK\r\nA\r\n\r\n", .invalidFieldName),
            ("HTTP/1.1 200 OK\r\nA: 1\r2\r\n\r\n", .invalidFieldValue),
            ("HTTP/1.1 200 OK\r\nA: \u{0}\r\n\r\n", .invalidFieldValue),
            ("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n", .invalidLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n", .invalidLength),
            ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", .invalidLength),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
                .ambiguousLength
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
                .ambiguousLength
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked"
                    + "\r\n\r\n", .ambiguousLength
            ),
            ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .ambiguousLength),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .invalidLength),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", .invalidLength),
            ("HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n", .switchesProtocols),
            (String(repeating: "HTTP/1.1 102 P\r\n\r\n", count: 3), .tooManyInterimHeads),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .invalidBody),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\r\n", .invalidBody),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", .invalidBody),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1ffffffffffffffff\r\n",
                .invalidBody
            ),
        ] as [(String, HTTP1ResponseError.Cause)])
    func refuses(_ wire: String, _ cause: HTTP1ResponseError.Cause) {
        let outcome = parse(wire)
        #expect(outcome.hasSuffix(" \(cause)"), "\(outcome)")
    }

    @Test func `a head is refused from its first byte over the limit, complete or not`() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        #expect(parse(head, headBytesMax: head.utf8.count) == "200 1.1 none keep '' end")
        #expect(parse(head, headBytesMax: head.utf8.count - 1).hasSuffix("headTooLarge"))
        let open = "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 100)
        #expect(parse(open, headBytesMax: 100).hasSuffix("headTooLarge"))
    }

    @Test func `a stream of any number of chunk extensions goes on`() {
        let chunk = "1;" + String(repeating: "e", count: 200) + "\r\na\r\n"
        let wire =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + String(repeating: chunk, count: 200) + "0\r\n\r\n"
        let answer = answer(Array(wire.utf8))
        #expect(answer.isComplete && answer.body.utf8.count == 200)
    }

    @Test func `one parser serves answer after answer`() throws {
        var parser = HTTP1ResponseParser(headBytesMax: 1000, interimHeadsMax: 1)
        let wire = "HTTP/1.1 100 C\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"
        for _ in 0..<3 {
            parser.begin(answersHead: false)
            let interim = try #require(try parser.parseHead(wire.utf8.span))
            let isInterim = parser.isInterim
            #expect(isInterim)
            let rest = wire.utf8.span.extracting(interim...)
            let length = try parser.parseHead(rest)
            #expect(length == rest.count)
            let seen = (parser.status, parser.fields.count, parser.keepsAlive)
            #expect(seen == (200, 1, false))
            let step = try parser.parseBody("a".utf8.span)
            #expect(step.isComplete)
        }
    }
}
