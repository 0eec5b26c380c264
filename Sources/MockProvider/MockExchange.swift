import Bytes
import HTTP1
import HTTPServer
import JSON
import Networking

/// One request to the mock and its answer.
struct MockExchange {
    let connection: HTTPConnection

    init(_ connection: HTTPConnection) {
        self.connection = connection
    }

    /// The request's path, without its query.
    var path: String {
        connection.withHead { String(decoding: $0.extracting(connection.parser.head.path)) }
    }

    // MARK: Whole answers

    /// Answers with a document.
    func answer(json: StaticString) {
        var body = ByteBuffer()
        body.append(json)
        answer(body: body)
    }

    /// Answers with a document, or with what `type` says.
    func answer(
        status: Int = 200, type: StaticString = "application/json", body: borrowing ByteBuffer
    ) {
        startHead(status: status, type: type, seed: FNV.hash(body.bytes))
        connection.finishHead(.length(body.count))
        connection.write(body.bytes)
        connection.endResponse()
    }

    /// Answers with an error in OpenAI's shape.
    func refuse(status: Int, _ message: StaticString, param: StaticString? = nil) {
        var body = ByteBuffer()
        body.appendError(status: status, message, param: param)
        answer(status: status, body: body)
    }

    func answerEmptyList() {
        answer(
            json: #"{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}"#)
    }

    func answerModels() {
        var body = ByteBuffer()
        body.append(#"{"object":"list","data":["#)
        for (index, model) in MockBehaviour.listedModels.enumerated() {
            if index > 0 { body.append(",") }
            body.append(#"{"id":"#)
            body.append(jsonString: model)
            body.append(#","object":"model","created":1750000000,"owned_by":"mock"}"#)
        }
        body.append("]}")
        answer(body: body)
    }

    /// Answers with the request's body, as what it came as.
    func answerEcho() {
        let type = connection.parser.head.first(.contentType)?.value
        connection.startHead(status: 200)
        connection.addDate()
        if let type {
            connection.withHead { connection.addField("content-type", $0.extracting(type)) }
        }
        connection.finishHead(.length(connection.body.count))
        connection.body.withBytes { connection.write($0) }
        connection.endResponse()
    }

    /// Begins a head with the fields OpenAI's answers have.
    func startHead(status: Int, type: StaticString, seed: UInt64) {
        connection.startHead(status: status)
        connection.addDate()
        connection.addField("content-type", type)
        connection.addField("access-control-expose-headers", "X-Request-ID")
        connection.addField("openai-organization", "mock-org")
        connection.addField("openai-processing-ms", "12")
        connection.addField("openai-version", "2020-10-01")
        connection.addField("x-ratelimit-limit-requests", "10000")
        connection.addField("x-ratelimit-limit-tokens", "2000000")
        connection.addField("x-ratelimit-remaining-requests", status == 429 ? "0" : "9999")
        connection.addField("x-ratelimit-remaining-tokens", "1999988")
        connection.addField("x-ratelimit-reset-requests", "6ms")
        connection.addField("x-ratelimit-reset-tokens", "0s")
        connection.addField("x-request-id") { line in
            line.append("req_")
            line.append(hexadecimal16: seed)
            line.append(hexadecimal16: seed &* 0x9E37_79B9_7F4A_7C15)
        }
        connection.addField("strict-transport-security", "max-age=31536000; includeSubDomains")
        connection.addField("set-cookie", "__cf_bm=mock; path=/; HttpOnly; Secure")
        connection.addField("set-cookie", "_cfuvid=mock; path=/; HttpOnly; Secure")
        connection.addField("server", "cloudflare")
        connection.addField("alt-svc", #"h3=":443"; ma=86400"#)
        if status == 429 {
            connection.addField("retry-after", "1")
            connection.addField("retry-after-ms", "1000")
        }
    }

    // MARK: Typed answers

    /// Answers a typed request, as well as its model's name lets it.
    func answer(_ call: MockCall) async {
        switch call.behaviour {
        case .reset: return connection.stream.reset()
        case .hang: return await waitForClientToLeave()
        case .status(let status):
            return refuse(status: status, "The mock provider was asked for this error.")
        case .html:
            var page = ByteBuffer()
            page.append("<!DOCTYPE html><html><body><h1>It works!</h1></body></html>\n")
            return answer(type: "text/html; charset=utf-8", body: page)
        case .refuseUsage where call.hasStreamOptions:
            return refuse(
                status: 400, "Unrecognized request argument supplied: stream_options",
                param: "stream_options")
        case .streamError where !call.isStreamed:
            return refuse(status: 500, "The server had an error while processing your request.")
        default: break
        }
        if call.endpoint != .embeddings, call.isStreamed {
            await stream(call)
        } else {
            await answerWhole(call)
        }
    }

    private func answerWhole(_ call: MockCall) async {
        if case .slow(let milliseconds) = call.behaviour {
            await connection.loop.sleep(milliseconds: milliseconds)
        }
        var body = ByteBuffer()
        switch call.endpoint {
        case .chat, .completions: body.appendCompletion(call)
        case .embeddings: body.appendEmbeddings(call)
        case .responses: body.appendResponse(call)
        }
        guard call.behaviour == .cut || call.behaviour == .stall else { return answer(body: body) }
        startHead(status: 200, type: "application/json", seed: call.seed)
        connection.finishHead(.length(body.count))
        connection.write(body.bytes.extracting(0..<body.count / 2))
        await stop(call)
    }

    private static let eventsBeforeFault = 3
    private static let pendingBytesMax = 256 << 10

    private func stream(_ call: MockCall) async {
        startHead(status: 200, type: "text/event-stream; charset=utf-8", seed: call.seed)
        connection.finishHead(.unknown)
        connection.flush()
        var events = MockEvents(call)
        var event = ByteBuffer()
        var sent = 0
        while !connection.isClientGone {
            if case .slow(let milliseconds) = call.behaviour {
                await connection.loop.sleep(milliseconds: milliseconds)
            }
            if sent == Self.eventsBeforeFault {
                switch call.behaviour {
                case .cut, .stall: return await stop(call)
                case .streamError:
                    event.removeAll()
                    event.append("data: ")
                    event.appendError(
                        status: 500, "The server had an error while processing your request.")
                    event.append("\n\n")
                    connection.write(event.bytes)
                    return connection.endResponse()
                default: break
                }
            }
            event.removeAll()
            guard events.next(into: &event) else { break }
            connection.write(event.bytes)
            sent += 1
            if connection.pendingBytes > Self.pendingBytesMax { await waitForClientToRead() }
        }
        connection.endResponse()
    }

    private func stop(_ call: MockCall) async {
        if call.behaviour == .cut { return connection.stream.reset() }
        connection.flush()
        await waitForClientToLeave()
    }

    private func waitForClientToLeave() async {
        let point = WaitPoint()
        connection.clientGone = { point.signal() }
        while !connection.isClientGone { await point.wait() }
    }

    private func waitForClientToRead() async {
        let point = WaitPoint()
        connection.clientGone = { point.signal() }
        connection.drained = { point.signal() }
        while connection.pendingBytes > 0, !connection.isClientGone { await point.wait() }
        connection.drained = nil
    }
}

extension ByteBuffer {
    /// Appends an error in OpenAI's shape, typed as theirs with that status is.
    mutating func appendError(
        status: Int, _ message: StaticString, param: StaticString? = nil
    ) {
        append(#"{"error":{"message":"#)
        append(jsonString: message.bytes)
        append(#","type":"#)
        switch status {
        case 429: append(#""requests""#)
        case 500...599: append(#""server_error""#)
        default: append(#""invalid_request_error""#)
        }
        append(#","param":"#)
        if let param { append(jsonString: param.bytes) } else { append("null") }
        append(#","code":"#)
        switch status {
        case 401: append(#""invalid_api_key""#)
        case 404: append(#""unknown_url""#)
        case 429: append(#""rate_limit_exceeded""#)
        default: append("null")
        }
        append("}}")
    }

    /// Appends 16 hexadecimal digits.
    mutating func append(hexadecimal16 value: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            append(ASCII.hexDigit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15))
        }
    }
}
