import Bytes
import HTTP1
import Testing

private func request(_ fields: String) -> String {
    "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n"
}

private func chunked(_ body: String) -> String {
    request("Transfer-Encoding: chunked") + body
}

private typealias Cause = HTTP1ParseError.Cause

/// A refusal: the bytes, the cause, the status.
struct Refusal: Sendable, CustomTestStringConvertible {
    var wire: [UInt8]
    var cause: HTTP1ParseError.Cause
    var status: Int

    init(_ wire: String, _ cause: HTTP1ParseError.Cause, _ status: Int = 400) {
        self.wire = Array(wire.utf8)
        self.cause = cause
        self.status = status
    }

    var testDescription: String {
        "\(cause): \(String(decoding: wire.prefix(90), as: UTF8.self).debugDescription)"
    }
}

private let requestLines: [Refusal] = [
    Refusal("GET /\r\n\r\n", .invalidVersion),
    Refusal("GET\r\n\r\n", .invalidRequestLine),
    Refusal("GET  / HTTP/1.1\r\n\r\n", .invalidRequestLine),
    Refusal("GET /  HTTP/1.1\r\n\r\n", .invalidVersion),
    Refusal("GET / HTTP/1.1 \r\n\r\n", .invalidVersion),
    Refusal("GET\t/ HTTP/1.1\r\n\r\n", .invalidMethod),
    Refusal(" GET / HTTP/1.1\r\n\r\n", .invalidMethod),
    Refusal("G(T / HTTP/1.1\r\n\r\n", .invalidMethod),
    Refusal("GET / http/1.1\r\n\r\n", .invalidVersion),
    Refusal("GET / HTTP/1.10\r\n\r\n", .invalidVersion),
    Refusal("GET / HTTP/1,1\r\n\r\n", .invalidVersion),
    Refusal("GET / HTTP/0.9\r\n\r\n", .unsupportedVersion, 505),
    Refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion, 505),
    Refusal("\u{16}\u{3}\u{1}\u{2}\0", .tlsHandshake),
    Refusal("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .invalidMethod),
    Refusal("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareCarriageReturn),
    Refusal("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareLineFeed),
    Refusal("GET x HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("GET * HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", .invalidHost),
    Refusal("GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", .invalidHost),
    Refusal("GET /\u{7F} HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", .bareCarriageReturn),
    Refusal("CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("CONNECT b HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("CONNECT b: HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    Refusal("GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
]

private let fieldLines: [Refusal] = [
    Refusal(request("A: b\nC: d"), .bareLineFeed),
    Refusal("GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
    Refusal(request("A: b\rc"), .bareCarriageReturn),
    Refusal(request("A: b\0c"), .invalidFieldValue),
    Refusal(request("A: b\u{1}"), .invalidFieldValue),
    Refusal(request("A: b\u{7F}c and more of it"), .invalidFieldValue),
    Refusal(request("A\0: b"), .invalidFieldName),
    Refusal(request("A b: c"), .invalidFieldName),
    Refusal(request("A : b"), .invalidFieldName),
    Refusal(request("A\t: b"), .invalidFieldName),
    Refusal(request(": b"), .invalidFieldName),
    Refusal(request("\u{e9}: b"), .invalidFieldName),
    Refusal(request("A"), .missingColon),
    Refusal(request("A: b\r\n c"), .foldedField),
    Refusal(request("A: b\r\n\tc"), .foldedField),
    Refusal("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedField),
    Refusal(request("Connection: a b"), .invalidConnection),
    Refusal(request("Expect: 200-ok"), .unknownExpectation, 417),
    Refusal(request("Expect: 100-continue\r\nExpect: x"), .unknownExpectation, 417),
    Refusal(request("Expect: 100-continue, 100-continue"), .unknownExpectation, 417),
]

private let hosts: [Refusal] =
    [
        Refusal("GET / HTTP/1.1\r\n\r\n", .missingHost),
        Refusal("GET http://a/ HTTP/1.1\r\n\r\n", .missingHost),
        Refusal(request("Host: a"), .repeatedHost),
        Refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", .repeatedHost),
    ]
    + [
        "", "a b", "a/b", "a,b", "u@a", "a:x", "a:1:2", "a:65536", "a:000080", ":80", "[::1", "[]",
        "[::1]x", "[a]", "a%4", "a\"b", "\u{e9}",
    ].map { Refusal("GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n", .invalidHost) }

private let lengths: [Refusal] =
    [
        "+5", "0x5", "5_0", "-1", "5 5", "5,5", "5;", "", "5.0", "99999999999999999999",
        "00000000000000000005", "9223372036854775808", "\u{665}",
    ].map { Refusal(request("Content-Length: \($0)"), .invalidContentLength) } + [
        Refusal(request("Content-Length: 5\r\nContent-Length: 5"), .repeatedContentLength),
        Refusal(request("Content-Length: 5\r\nContent-Length: 6"), .repeatedContentLength),
    ]

private let codings: [Refusal] = [
    Refusal(
        request("Transfer-Encoding: chunked\r\nContent-Length: 5"),
        .contentLengthWithTransferEncoding),
    Refusal(
        request("Content-Length: 5\r\nTransfer-Encoding: chunked"),
        .contentLengthWithTransferEncoding),
    Refusal(
        request("Content-Length: 5\r\nTransfer-Encoding: x"), .contentLengthWithTransferEncoding),
    Refusal(request("Transfer-Encoding: identity"), .unknownTransferCoding, 501),
    Refusal(request("Transfer-Encoding: xchunked"), .unknownTransferCoding, 501),
    Refusal(request("Transfer-Encoding: gzip, chunked"), .unknownTransferCoding, 501),
    Refusal(request("Transfer-Encoding: chunked, gzip"), .unknownTransferCoding, 501),
    Refusal(
        request("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"), .unknownTransferCoding,
        501),
    Refusal(request("Transfer-Encoding: chunked, chunked"), .invalidTransferEncoding),
    Refusal(
        request("Transfer-Encoding: chunked\r\nTransfer-Encoding: Chunked"),
        .invalidTransferEncoding),
    Refusal(request("Transfer-Encoding: chunked;q=1"), .invalidTransferEncoding),
    Refusal(request("Transfer-Encoding: chunked;q=1,"), .invalidTransferEncoding),
    Refusal(request("Transfer-Encoding: chunked,"), .invalidTransferEncoding),
    Refusal(request("Transfer-Encoding: \"chunked\""), .invalidTransferEncoding),
    Refusal(request("Transfer-Encoding:"), .invalidTransferEncoding),
    Refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10),
]

private let chunks: [Refusal] = [
    Refusal(chunked("FFFFFFFFFFFFFFFF1\r\n"), .invalidChunkSize),
    Refusal(chunked("FFFFFFFFFFFFFFFF\r\n"), .invalidChunkSize),
    Refusal(chunked("8000000000000000\r\n"), .invalidChunkSize),
    Refusal(chunked(String(repeating: "0", count: 100) + "1\r\nx\r\n"), .invalidChunkSize),
    Refusal(chunked("0x10\r\n"), .invalidChunkSize),
    Refusal(chunked("-1\r\n"), .invalidChunkSize),
    Refusal(chunked("\r\n"), .invalidChunkSize),
    Refusal(chunked(";a\r\n"), .invalidChunkSize),
    Refusal(chunked(" 1\r\nx\r\n"), .invalidChunkSize),
    Refusal(chunked("1 \r\nx\r\n"), .invalidChunkSize),
    Refusal(chunked("1 1\r\nx\r\n"), .invalidChunkSize),
    Refusal(chunked("1\nx\r\n"), .bareLineFeed),
    Refusal(chunked("1\rx\r\n"), .bareCarriageReturn),
    Refusal(chunked("1;\0"), .invalidChunkExtension),
    Refusal(chunked("1;\r\n"), .invalidChunkExtension),
    Refusal(chunked("1;=b\r\n"), .invalidChunkExtension),
    Refusal(chunked("1;a\nb\r\n"), .bareLineFeed),
    Refusal(chunked("1;a\rb\r\n"), .bareCarriageReturn),
    Refusal(chunked("1\r\nxy\r\n"), .invalidChunkEnd),
    Refusal(chunked("1\r\nx\n"), .invalidChunkEnd),
    Refusal(chunked("1\r\nx\r1\r\n"), .invalidChunkEnd),
    Refusal(chunked("0\r\n: x\r\n\r\n"), .invalidTrailer),
    Refusal(chunked("0\r\n a: x\r\n\r\n"), .invalidTrailer),
    Refusal(chunked("0\r\na : x\r\n\r\n"), .invalidTrailer),
    Refusal(chunked("0\r\na: x\n\r\n"), .invalidTrailer),
    Refusal(chunked("0\r\na: x\ry\r\n\r\n"), .invalidTrailer),
    Refusal(chunked("0\r\na: \0\r\n\r\n"), .invalidTrailer),
    Refusal(chunked("0\r\na\r\n\r\n"), .invalidTrailer),
    Refusal(chunked("0\r\n\n"), .invalidTrailer),
    Refusal(chunked("0\r\n\rx"), .invalidTrailer),
]

@Suite struct RefusalTests {
    private func check(_ row: Refusal) {
        let (whole, differing) = transcriptOfAllCuts(row.wire)
        #expect(whole.error?.cause == row.cause)
        #expect(whole.error?.status == row.status)
        #expect(differing == nil)
        #expect(whole.requests.allSatisfy { !$0.isComplete })
    }

    @Test(arguments: requestLines)
    func `a bad request line is refused`(_ row: Refusal) { check(row) }

    @Test(arguments: fieldLines)
    func `a bad field line is refused`(_ row: Refusal) { check(row) }

    @Test(arguments: hosts)
    func `a missing, repeated or bad Host is refused`(_ row: Refusal) { check(row) }

    @Test(arguments: lengths)
    func `an odd Content-Length is refused`(_ row: Refusal) { check(row) }

    @Test(arguments: codings)
    func `any Transfer-Encoding but one chunked is refused`(_ row: Refusal) { check(row) }

    @Test(arguments: chunks)
    func `a bad chunk is refused`(_ row: Refusal) { check(row) }

    @Test func `the request before a malformed one is read`() {
        let wire = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\nHost: a\r\n\r\n"
        let (whole, differing) = transcriptOfAllCuts(Array(wire.utf8))
        #expect(whole.summary == "GET /1 1.1 none [keep] ''\nbareLineFeed 400 @15")
        #expect(differing == nil)
    }

    @Test func `data before a bad chunk is answered before the error`() {
        let (whole, differing) = transcriptOfAllCuts(Array(chunked("5\r\nhello!").utf8))
        #expect(whole.requests.first?.body == "hello")
        #expect(whole.error == HTTP1ParseError(.invalidChunkEnd, at: 8))
        #expect(differing == nil)
    }

    @Test func `only a peer that speaks TLS gets no answer`() {
        for cause in HTTP1ParseError.Cause.allCases {
            #expect(HTTP1ParseError(cause, at: 0).isAnswered == (cause != .tlsHandshake))
        }
    }

    @Test(arguments: [
        (HTTP1ParseError.Cause.bodyTooLarge, 413, "payload_too_large"),
        (.requestLineTooLong, 414, "uri_too_long"),
        (.unknownExpectation, 417, "expectation_failed"),
        (.headersTooLarge, 431, "headers_too_large"),
        (.tooManyFields, 431, "headers_too_large"),
        (.trailersTooLarge, 431, "headers_too_large"),
        (.unknownTransferCoding, 501, "not_implemented"),
        (.unsupportedVersion, 505, "http_version_not_supported"),
        (.bareLineFeed, 400, "invalid_request"),
    ])
    func `a cause has its status, code and sentence`(
        _ cause: HTTP1ParseError.Cause, _ status: Int, _ code: String
    ) {
        let error = HTTP1ParseError(cause, at: 1)
        #expect(error.status == status)
        #expect("\(error.code)" == code)
        #expect("\(error.reason)".hasSuffix("."))
    }
}
