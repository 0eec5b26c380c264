import Bytes
import OpenAIAPI
import Testing

struct ErrorObjectTests {
    @Test
    func `the error object has every key in OpenAI's shape`() {
        let error = ErrorObject(
            message: "A \"bad\" model.\n", param: "model", code: "invalid_request")
        let requestID = buffer("req-1")
        let traceID = buffer("4bf92f3577b34da6a3ce929d0e0e4736")
        var result = ByteBuffer()
        error.append(requestID: requestID.bytes, traceID: traceID.bytes, to: &result)
        #expect(
            string(result)
                == #"""
                {"error":{"message":"A \"bad\" model.\n","type":"gateway_error","param":"model",
                """#
                + #""code":"invalid_request","request_id":"req-1","#
                + #""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}}"#)
    }

    @Test(arguments: [
        ("data: {}\n\n", ""), ("data: {}\n", "\n\n"), ("data: {", "\n\n"), ("data: {}\r", "\n\n"),
        ("", ""),
    ])
    func `the event of a cut stream stands alone`(_ before: String, _ closing: String) {
        var parser = SSEParser()
        var stream = Array(before.utf8)
        while parser.next(in: stream.span) != nil {}
        let nothing = buffer("")
        var result = ByteBuffer()
        ErrorObject(message: "m", code: "c").appendEvent(
            closing: parser.position, requestID: nothing.bytes, traceID: nothing.bytes,
            to: &result)
        #expect(string(result).hasPrefix(closing + #"data: {"error":{"message":"m""#))
        #expect(string(result).contains(#""param":null"#))
        #expect(string(result).hasSuffix("}}\n\n"))
        // A client sees the error as one event of its own.
        stream += array(result)
        #expect(SSEParserTests.events([stream]).last?.data.hasPrefix(#"{"error":"#) == true)
    }

    @Test
    func `a refused body is told without its bytes`() {
        let error = ErrorObject(.modelTooLong)
        #expect(error.message == "'model' must be at most 256 bytes long.")
        #expect(error.param == "model" && error.code == "invalid_request")
        let json = ErrorObject(.invalidJSON(.init(code: .empty, offset: 3)))
        #expect(json.message.contains("(at byte 3)") && json.param == nil)
    }
}
