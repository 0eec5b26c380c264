import Bytes
import HTTP1
import Testing

/// One connection's bytes and what is to be made of them.
struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var wire: String
    var expected: String

    init(_ name: String, _ wire: String, _ expected: String) {
        self.name = name
        self.wire = wire
        self.expected = expected
    }

    var testDescription: String { name }
}

private let host = "Host: a\r\n"

private let accepted = [
    Row("the smallest request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / 1.1 none [keep] ''"),
    Row(
        "a query", "GET /v1/models?a=1?b&c=%20 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /v1/models ?a=1?b&c=%20 1.1 none [keep] ''"),
    Row("an empty query", "GET /? HTTP/1.1\r\nHost: a\r\n\r\n", "GET / ? 1.1 none [keep] ''"),
    Row(
        "a body with a length", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST /x 1.1 length(5) [keep] 'hello'"),
    Row(
        "white space around a length",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: \t 5 \t\r\n\r\nhello",
        "POST /x 1.1 length(5) [keep] 'hello'"),
    Row(
        "a length of zero", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "POST /x 1.1 none [keep] ''"),
    Row(
        "a chunked body",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nhello\r\n00B\r\n, the rest!\r\n0\r\n\r\n",
        "POST /x 1.1 chunked [keep] 'hello, the rest!'"),
    Row(
        "a transfer coding in any case, white space around it",
        "POST /x HTTP/1.1\r\nHost: a\r\ntransfer-encoding: \tCHUNKED \r\n\r\n0\r\n\r\n",
        "POST /x 1.1 chunked [keep] ''"),
    Row(
        "chunk extensions and trailers are dropped",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3;a=b;c=\"d;e\"\r\nabc\r\n2 \t; x\r\nde\r\n0;last\r\n"
            + "Content-Length: 5\r\nHost: b\r\nX:\r\n\r\n",
        "POST /x 1.1 chunked [keep] 'abcde'"),
    Row(
        "one empty line before the request line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / 1.1 none [keep] ''"),
    Row(
        "close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n",
        "GET / 1.1 none [] ''"),
    Row("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET / 1.0 none [] ''"),
    Row(
        "HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        "GET / 1.0 none [keep] ''"),
    Row(
        "HTTP/1.0 with keep-alive and close",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
        "GET / 1.0 none [] ''"),
    Row("a later 1.x", "GET / HTTP/1.7\r\nHost: a\r\n\r\n", "GET / 1.1 none [keep] ''"),
    Row(
        "an expectation",
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
        "POST / 1.1 length(1) [keep expect] 'x'"),
    Row(
        "an expectation without a body",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        "GET / 1.1 none [keep] ''"),
    Row(
        "an expectation in HTTP/1.0",
        "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        "POST / 1.0 length(1) [] 'x'"),
    Row(
        "an upgrade",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / 1.1 none [keep upgrade] ''"),
    Row(
        "an offer of HTTP/2 in the clear",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
        "GET / 1.1 none [keep] ''"),
    Row(
        "an upgrade that Connection does not name",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "GET / 1.1 none [keep] ''"),
    Row("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * 1.1 none [keep] ''"),
    Row(
        "CONNECT", "CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT b:443 1.1 none [keep] ''"),
    Row("an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "BREW / 1.1 none [keep] ''"),
    Row(
        "paths are kept as they are", "GET //a/../%2e%2E;x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET //a/../%2e%2E;x 1.1 none [keep] ''"),
    Row(
        "a fragment is marked", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a#b 1.1 none [keep odd] ''"),
    Row(
        "a fragment behind a query is marked", "GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a ?b#c 1.1 none [keep odd] ''"),
    Row(
        "raw non-ASCII is marked", "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\u{e9} 1.1 none [keep odd] ''"),
    Row(
        "a cut percent sign is marked", "GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a%2 1.1 none [keep odd] ''"),
    Row(
        "brackets in a query", "GET /a?include[]=b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a ?include[]=b 1.1 none [keep] ''"),
    Row(
        "three requests in one packet",
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
            + "GETGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /1 1.1 none [keep] ''\nPOST /2 1.1 length(3) [keep] 'GET'\nGET /3 1.1 none [keep] ''"),
    Row(
        "a request that a chunked body ends before",
        "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /1 1.1 chunked [keep] ''\nGET /2 1.1 none [keep] ''"),
    Row(
        "the last CRLF is missing: more is awaited",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
        "POST / 1.1 chunked [keep]"),
    Row("a head that is not complete is awaited", "GET / HTTP/1.1\r\nHost: a\r\n", ""),
]

@Suite struct HTTP1RequestParserTests {
    @Test(arguments: accepted)
    func `a good request is read the same however it is cut`(_ row: Row) {
        let (whole, differing) = transcriptOfAllCuts(Array(row.wire.utf8))
        #expect(whole.summary == row.expected)
        #expect(differing == nil)
    }

    @Test func `fields keep their bytes, and white space around values goes`() {
        let wire =
            "GET / HTTP/1.1\r\nhOST:a\r\nX-Empty:\r\nX-Blank: \t \r\n"
            + "X-Text: \t a \t b\u{e9}: \t\r\n\r\n"
        let request = transcript(of: Array(wire.utf8)).requests.first
        #expect(
            request?.fields == ["hOST=a", "X-Empty=", "X-Blank=", "X-Text=a \t b\u{e9}:"])
    }

    @Test func `fields for one connection are told apart`() {
        let wire =
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Mine\r\nTE: trailers\r\n"
            + "x-mine: 1\r\nX-Yours: 2\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n"
            + "Proxy-Authorization: x\r\nTrailer: y\r\n\r\n"
        let request = transcript(of: Array(wire.utf8)).requests.first
        #expect(
            request?.fields == [
                "Host=a", "Connection=close, X-Mine!", "TE=trailers!", "x-mine=1!", "X-Yours=2",
                "Keep-Alive=5!", "Upgrade=h2c!", "Proxy-Authorization=x!", "Trailer=y!",
            ])
    }

    @Test(
        arguments: [
            ("GET http://b/v1/x?q HTTP/1.1\r\nHost: a\r\n\r\n", "b", "/v1/x", "q"),
            ("GET HTTPS://b:8080/ HTTP/1.1\r\nHost: a\r\n\r\n", "b:8080", "/", nil),
            ("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", "b", "", nil),
            ("GET http://[::1]:80?q HTTP/1.1\r\nHost: a\r\n\r\n", "[::1]:80", "", "q"),
            ("GET /x HTTP/1.1\r\nHost: a:1\r\n\r\n", "a:1", "/x", nil),
            ("GET /x HTTP/1.1\r\nHost: [2001:db8::1]:1\r\n\r\n", "[2001:db8::1]:1", "/x", nil),
            ("GET /x HTTP/1.0\r\n\r\n", nil, "/x", nil),
        ] as [(String, String?, String, String?)])
    func `the target's authority wins over Host`(
        _ wire: String, _ host: String?, _ path: String, _ query: String?
    ) {
        let (whole, differing) = transcriptOfAllCuts(Array(wire.utf8))
        #expect(differing == nil)
        #expect(whole.requests.first?.host == host)
        #expect(whole.requests.first?.path == path)
        #expect(whole.requests.first?.query == query)
    }

    @Test func `a complete head is answered again until the reset`() throws {
        let wire = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var parser = HTTP1RequestParser()
        let first = try parser.parseHead(wire.span)
        let second = try parser.parseHead(wire.span)
        #expect(first == wire.count)
        #expect(second == wire.count)
        let head = parser.head
        #expect(head.first(.host)?.value == 22..<23)
        #expect(head.count(of: .host) == 1)
        #expect(head.first(.cookie) == nil)
        let named = head.first(named: "host", in: wire.span)
        #expect(named?.known == .host)
        parser.reset()
        let fieldCount = parser.head.fields.count
        #expect(fieldCount == 0)
        let third = try parser.parseHead(wire.span.extracting(0..<3))
        #expect(third == nil)
    }
}
