import Foundation
import GatewayTesting
import Testing

/// Rows B: what stands in a request's body.
@Suite struct BodyTests {
    private static let messages = #""messages":[{"role":"user","content":"Hi"}]"#

    @Test(
        "a body that is no acceptable JSON gets 400 and never goes upstream",
        arguments: [
            "", "{", #"{"model":"m"#, "[]", "null", #"{"model":"m"} x"#, "\u{FEFF}{}", "{}",
            #"{"model":1e999}"#, #"{"model":NaN}"#, #"{"model":["m"]}"#, #"{"model":""}"#,
            #"{"model":"a","model":"b","messages":[]}"#, #"{"a":01}"#, #"{"model":"m",}"#,
            #"{"model":"a"# + "\n" + #"b"}"#, #"{"model":"a\r\nX-Evil: 1","messages":[]}"#,
        ])
    func refusesBodies(_ body: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(body))
        let response = client.response()
        let trace = try gateway.trace()
        let code = GatewayErrorBody(try #require(response))?.code
        #expect(code == "invalid_json" || code == "invalid_request")
        trace.expectError(response, 400, code ?? "")
        #expect(upstream.connections == 0)
        client.send(Wire.chat())
        #expect(client.response()?.status == 200)
    }

    @Test func `a body that is not UTF-8 gets 400`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let client = try gateway.connect()
        let body =
            Array(#"{"model":"m","messages":[{"role":"user","content":""#.utf8) + [0xC3, 0x28]
            + Array(#""}]}"#.utf8)
        client.send(
            Wire.head(
                "POST /v1/chat/completions HTTP/1.1",
                ["Content-Type: application/json", "Content-Length: \(body.count)"]))
        client.send(body)
        let response = client.response()
        try gateway.trace().expectError(response, 400, "invalid_json")
    }

    @Test func `a body of UTF-16 gets 400`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let client = try gateway.connect()
        let body = Array(Wire.chatBody.data(using: .utf16) ?? Data())
        client.send(
            Wire.head(
                "POST /v1/chat/completions HTTP/1.1",
                ["Content-Type: application/json", "Content-Length: \(body.count)"]))
        client.send(body)
        let response = client.response()
        try gateway.trace().expectError(response, 400, "invalid_json")
    }

    @Test(
        "nesting beyond 128 levels gets 400, also 100,000 of them",
        arguments: [("[", "]", 129), ("{\"a\":", "}", 100_000), ("[", "", 100_000)])
    func refusesDepth(_ open: String, _ close: String, _ depth: Int) throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let nested =
            String(repeating: open, count: depth) + "1"
            + String(repeating: close, count: depth)
        let response = try gateway.answer(to: Wire.chat(#"{"model":"m","x":\#(nested)}"#))
        try gateway.trace().expectError(response, 400, "invalid_json")
    }

    @Test(
        "a body is forwarded to the last byte as it came",
        arguments: [
            #"{ "messages" : [] ,"model":"m"}"# + "  \n",
            #"{"model":"m","messages":[{"role":"user","content":"\ud800 \u0000 \uDC00"}]}"#,
            #"{"model":"m","messages":[],"n":123456789012345678901234567890,"x":1.0e+2}"#,
            #"{"model":"m","messages":[],"logit_bias":{"1":-0.0},"user":"\/\u0041"}"#,
            #"{"model":"m","stream":false,"messages":[]}"#,
            #"{"model":"m","stream":null,"messages":[]}"#,
            #"{"model":"m","messages":[{"content":"é 漢 😀"}],"temperature":1E-400}"#,
            #"{"\u006dodel":"m","messages":[]}"#,
        ])
    func forwardsUnchanged(_ body: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, content: true)
        let response = try gateway.answer(to: Wire.chat(body))
        #expect(response?.status == 200)
        #expect(upstream.requests.first?.hasSuffix("\r\n\r\n" + body) == true)
        try gateway.trace().expectShape(attempts: 1, operations: 1)
    }

    @Test(
        "a `stream` that is no boolean goes upstream as it is and is not streaming",
        arguments: [#""true""#, "1", "null", "[]"])
    func forwardsOddStream(_ value: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let body = #"{"model":"m","stream":\#(value),"messages":[]}"#
        #expect(try gateway.answer(to: Wire.chat(body))?.status == 200)
        #expect(upstream.requests.first?.hasSuffix("\r\n\r\n" + body) == true)
        let trace = try gateway.trace()
        #expect(trace.operations.first?["gen_ai.request.stream"] == nil)
    }

    @Test func `a model of a mebibyte is refused and one of any letters names the span safely`()
        throws
    {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let long = String(repeating: "m", count: 1 << 20)
        let refused = try gateway.answer(to: Wire.chat(#"{"model":"\#(long)","messages":[]}"#))
        try gateway.trace().expectError(refused, 400, "invalid_request")
        let odd = #"../\"a\" 漢 <b>"#
        let response = try gateway.answer(to: Wire.chat(#"{"model":"\#(odd)","messages":[]}"#))
        #expect(response?.status == 200)
        let trace = try gateway.trace()
        let name = try #require(trace.operations.first?.name)
        #expect(name.count <= 256)
        #expect(trace.operations.first?["gen_ai.request.model"] == "../\"a\" 漢 <b>")
        let line = gateway.log.lines(of: "request.end", 2).last
        #expect(line?.contains(#" model="../\"a\" 漢 <b>" "#) == true)
    }

    @Test(
        "a typed call that is not plain JSON in UTF-8 gets 415",
        arguments: [
            [], ["Content-Type: text/plain"], ["Content-Type: multipart/form-data; boundary=x"],
            ["Content-Type: application/json; charset=utf-16"],
            ["Content-Type: application/json", "Content-Encoding: gzip"],
            ["Content-Type: application/json", "Content-Encoding: br"],
        ])
    func refusesMediaTypes(_ fields: [String]) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(
            to: Wire.post("/v1/chat/completions", Wire.chatBody, fields))
        try gateway.trace().expectError(response, 415, "unsupported_media_type")
        #expect(upstream.connections == 0)
    }

    @Test(
        "JSON's media type is taken in its common spellings",
        arguments: [
            "application/json; charset=utf-8", "APPLICATION/JSON;charset=\"UTF-8\"",
            "application/json ;  x=y",
        ])
    func takesMediaTypes(_ type: String) throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let response = try gateway.answer(
            to: Wire.post("/v1/chat/completions", Wire.chatBody, ["Content-Type: \(type)"]))
        #expect(response?.status == 200)
    }

    @Test func `a body of 15 MiB goes upstream whole, its content attribute cut`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, content: true)
        let image = String(repeating: "QUJD", count: (15 << 20) / 4)
        let body =
            #"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","#
            + #""image_url":{"url":"data:image/png;base64,"# + image + #""}}]}]}"#
        #expect(try gateway.answer(to: Wire.chat(body), within: 120_000)?.status == 200)
        #expect(upstream.requests.first?.hasSuffix(body) == true)
        let content = try gateway.trace().operations.first?["gen_ai.input.messages"]
        #expect((content?.utf8.count ?? .max) < 256 << 10)
        #expect(content?.contains("QUJDQUJDQUJD") == false)
    }

    @Test func `a body of 10,000 messages goes upstream whole, its content attribute cut`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, content: true)
        let message = #"{"role":"user","content":"\#(String(repeating: "word ", count: 20))"}"#
        let body =
            #"{"model":"m","messages":["#
            + Array(repeating: message, count: 10_000).joined(separator: ",") + "]}"
        #expect(try gateway.answer(to: Wire.chat(body), within: 120_000)?.status == 200)
        #expect(upstream.requests.first?.hasSuffix(body) == true)
        let content = try #require(
            try gateway.trace().operations.first?["gen_ai.input.messages"])
        #expect(content.utf8.count <= 257 << 10)
        #expect((try? JSONSerialization.jsonObject(with: Data(content.utf8))) != nil)
    }
}
