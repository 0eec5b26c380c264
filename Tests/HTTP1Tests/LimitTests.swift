import Bytes
import HTTP1
import Testing

private func get(_ target: String, _ fields: String = "") -> [UInt8] {
    Array("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)
}

private func chunked(_ body: String) -> [UInt8] {
    Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)".utf8)
}

private func pad(_ count: Int) -> String { String(repeating: "x", count: count) }

@Suite struct LimitTests {
    /// Small limits, so that every cut can be tried.
    private var small: HTTP1Limits {
        var limits = HTTP1Limits()
        limits.requestLineBytesMax = 40
        limits.headerBytesMax = 60
        limits.headerFieldsMax = 3
        limits.chunkExtensionBytesMax = 8
        limits.chunkExtensionBytesTotalMax = 20
        limits.trailerBytesMax = 16
        return limits
    }

    private func check(
        _ wire: [UInt8], _ cause: HTTP1ParseError.Cause?, bodyBytesMax: Int = .max,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let (whole, differing) = transcriptOfAllCuts(
            wire, limits: small, bodyBytesMax: bodyBytesMax)
        #expect(whole.error?.cause == cause, sourceLocation: location)
        #expect(differing == nil, sourceLocation: location)
        let isComplete = whole.requests.last?.isComplete == true
        #expect(isComplete == (cause == nil), sourceLocation: location)
    }

    @Test func `the defaults are those promised`() {
        let limits = HTTP1Limits()
        #expect(limits.requestLineBytesMax == 8192)
        #expect(limits.headerBytesMax == 65_536)
        #expect(limits.headerFieldsMax == 100)
    }

    @Test func `a request line may be as long as the limit and no longer`() {
        let others = "GET / HTTP/1.1".utf8.count
        check(get("/" + pad(40 - others)), nil)
        check(get("/" + pad(41 - others)), .requestLineTooLong)
        check(get("/" + pad(100)), .requestLineTooLong)
    }

    @Test func `a request line without an end is refused at the limit`() {
        let wire = Array("GET /".utf8) + Array(pad(36).utf8)
        #expect(transcript(of: Array(wire[..<40]), limits: small) == Transcript())
        check(wire, .requestLineTooLong)
    }

    @Test func `a header section may be as large as the limit and no larger`() {
        let others = "Host: a\r\nA: \r\n\r\n".utf8.count
        check(get("/", "A: \(pad(60 - others))\r\n"), nil)
        check(get("/", "A: \(pad(61 - others))\r\n"), .headersTooLarge)
        check(get("/", "A: \(pad(200))\r\n"), .headersTooLarge)
    }

    @Test func `there may be as many fields as the limit and no more`() {
        check(get("/", "A: b\r\nC: d\r\n"), nil)
        check(get("/", "A: b\r\nC: d\r\nE: f\r\n"), .tooManyFields)
    }

    @Test func `the default limits hold at full size`() {
        let line = "GET / HTTP/1.1".utf8.count
        #expect(transcript(of: get("/" + pad(8192 - line))).error == nil)
        #expect(transcript(of: get("/" + pad(8193 - line))).error?.status == 414)
        let fields = String(repeating: "A: b\r\n", count: 99)
        #expect(transcript(of: get("/", fields)).error == nil)
        #expect(transcript(of: get("/", fields + "A: b\r\n")).error?.status == 431)
        let others = "Host: a\r\nCookie: \r\n\r\n".utf8.count
        #expect(transcript(of: get("/", "Cookie: \(pad(65_536 - others))\r\n")).error == nil)
        #expect(
            transcript(of: get("/", "Cookie: \(pad(65_537 - others))\r\n")).error?.status == 431)
    }

    @Test func `extensions of a chunk have a limit`() {
        check(chunked("1;\(pad(7))\r\nx\r\n0\r\n\r\n"), nil)
        check(chunked("1;\(pad(8))\r\nx\r\n0\r\n\r\n"), .chunkExtensionTooLong)
        check(chunked("1\(String(repeating: " ", count: 9))"), .chunkExtensionTooLong)
    }

    @Test func `extensions of a body have a limit`() {
        let chunk = "1;abcd\r\nx\r\n"
        check(chunked(chunk + chunk + chunk + chunk + "0\r\n\r\n"), nil)
        check(chunked(chunk + chunk + chunk + chunk + "0;a\r\n\r\n"), .chunkExtensionTooLong)
    }

    @Test func `trailers have a limit`() {
        check(chunked("0\r\nA: \(pad(9))\r\n\r\n"), nil)
        check(chunked("0\r\nA: \(pad(10))\r\n\r\n"), .trailersTooLarge)
    }

    @Test func `a body may be as large as the limit and no larger`() {
        let five = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".utf8)
        check(five, nil, bodyBytesMax: 5)
        check(five, .bodyTooLarge, bodyBytesMax: 4)
        check(chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), nil, bodyBytesMax: 5)
        check(chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), .bodyTooLarge, bodyBytesMax: 4)
        check(chunked("7FFFFFFFFFFFFFFF\r\n"), .bodyTooLarge, bodyBytesMax: 4)
        check(chunked("1\r\na\r\n7FFFFFFFFFFFFFFF\r\n"), .bodyTooLarge)
    }

    @Test func `a body beyond the limit is refused before it is read`() throws {
        let head = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n".utf8)
        var parser = HTTP1RequestParser()
        let length = try parser.parseHead(head.span)
        #expect(length == head.count)
        var status = 0
        do { try parser.limitBody(to: 4) } catch { status = error.status }
        #expect(status == 413)
    }
}
