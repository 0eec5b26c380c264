import Foundation
import GatewayTesting
import MockProvider
import Networking
import Testing

private func startMock() async throws -> ListenAddress {
    try await TestLoop.shared.run { loop in
        try MockServer(loop: loop).listen(on: .tcp(host: "127.0.0.1", port: 0))
    }
}

extension RawClient {
    fileprivate func post(_ path: String, _ body: String) -> Response? {
        send(
            "POST \(path) HTTP/1.1\r\nHost: mock\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Content-Type: application/json\r\n\r\n\(body)")
        return response()
    }
}

extension RawClient.Response {
    fileprivate var json: [String: Any] {
        get throws {
            try #require(JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        }
    }

    /// The data of the events.
    fileprivate var events: [String] {
        text.components(separatedBy: "\n\n").dropLast().map { event in
            event.components(separatedBy: "\n").filter { $0.hasPrefix("data: ") }
                .map { String($0.dropFirst(6)) }.joined()
        }
    }

    fileprivate var chunks: [[String: Any]] {
        get throws {
            try events.filter { $0 != "[DONE]" }.map {
                try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }
    }
}

private func chat(_ model: String, _ more: String = "") -> String {
    #"{"model":"\#(model)","messages":[{"role":"user","content":"Hello"}]\#(more)}"#
}

private let path = "/v1/chat/completions"

@Suite(.timeLimit(.minutes(5)), .ownThread) struct MockProviderTests {
    @Test func `equal chats have equal answers, on one connection`() async throws {
        let client = try RawClient(await startMock())
        let first = try #require(client.post(path, chat("mock-gpt")))
        let second = try #require(client.post(path, chat("mock-gpt")))
        #expect(first.status == 200)
        #expect(first.text == second.text)
        #expect(first.header("server") == "cloudflare")
        #expect(first.header("set-cookie") != nil)
        let answer = try first.json
        #expect(answer["object"] as? String == "chat.completion")
        #expect(answer["system_fingerprint"] as? String == "fp_mock")
        let choice = try #require((answer["choices"] as? [[String: Any]])?.first)
        #expect(choice["finish_reason"] as? String == "stop")
        let usage = try #require(answer["usage"] as? [String: Any])
        #expect((usage["completion_tokens"] as? Int ?? 0) > 3)
    }

    @Test(arguments: ["mock-gpt", "mock-reasoning", "mock-refusal"])
    func `the pieces of a stream are the whole answer, without usage unless asked`(
        model: String
    ) async throws {
        let client = try RawClient(await startMock())
        let whole = try #require(client.post(path, chat(model, #","n":2"#))).json
        let stream = try #require(client.post(path, chat(model, #","n":2,"stream":true"#)))
        #expect(stream.header("content-type") == "text/event-stream; charset=utf-8")
        #expect(stream.events.last == "[DONE]")
        var messages = [[String: String]](repeating: [:], count: 2)
        for chunk in try stream.chunks {
            #expect(chunk["usage"] == nil)
            #expect(chunk["id"] as? String == whole["id"] as? String)
            let choices = try #require(chunk["choices"] as? [[String: Any]])
            let choice = try #require(choices.first)
            let index = try #require(choice["index"] as? Int)
            for (key, value) in try #require(choice["delta"] as? [String: Any]) {
                messages[index][key, default: ""] += value as? String ?? ""
            }
        }
        let choices = try #require(whole["choices"] as? [[String: Any]])
        for (index, choice) in choices.enumerated() {
            let message = try #require(choice["message"] as? [String: Any])
            for key in ["content", "refusal", "reasoning_content"] {
                #expect(messages[index][key] ?? "" == message[key] as? String ?? "")
            }
        }
    }

    @Test func `usage comes in a chunk of its own where it was asked for`() async throws {
        let client = try RawClient(await startMock())
        let asking = #","stream":true,"stream_options":{"include_usage":true}"#
        let chunks = try #require(client.post(path, chat("mock-gpt", asking))).chunks
        #expect(chunks.dropLast().allSatisfy { $0["usage"] is NSNull })
        #expect((chunks.last?["choices"] as? [Any])?.isEmpty == true)
        #expect((chunks.last?["usage"] as? [String: Any])?["total_tokens"] is Int)
        let without = try #require(client.post(path, chat("mock-no-usage", asking)))
        #expect(!without.text.contains("usage\":"))
        #expect(client.post(path, chat("mock-refuse-usage", asking))?.status == 400)
        #expect(client.post(path, chat("mock-refuse-usage", #","stream":true"#))?.status == 200)
    }

    static let tools = #"""
        ,"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object",
        "properties":{"city":{"type":"string"},"unit":{"enum":["C","F"]},"days":{"type":"integer"}
        }}}}]
        """#

    @Test(arguments: [("mock-tools", ""), ("mock-gpt", #","tool_choice":"auto""#)])
    func `tools are called, whole and in pieces`(model: String, choice: String) async throws {
        let client = try RawClient(await startMock())
        let request = chat(model, Self.tools + choice)
        let answer = try #require(client.post(path, request)).json
        let first = try #require((answer["choices"] as? [[String: Any]])?.first)
        #expect(first["finish_reason"] as? String == "tool_calls")
        let calls = (first["message"] as? [String: Any])?["tool_calls"] as? [[String: Any]]
        let function = try #require(calls?.first?["function"] as? [String: Any])
        #expect(function["name"] as? String == "weather")
        let arguments = try #require(function["arguments"] as? String)
        #expect(arguments == #"{"city":"Zürich","unit":"C","days":7}"#)

        let stream = try #require(
            client.post(path, chat(model, Self.tools + choice + #","stream":true"#)))
        var joined = ""
        for chunk in try stream.chunks {
            let choices = try #require(chunk["choices"] as? [[String: Any]])
            let delta = try #require(choices.first?["delta"] as? [String: Any])
            let calls = delta["tool_calls"] as? [[String: Any]]
            joined += (calls?.first?["function"] as? [String: Any])?["arguments"] as? String ?? ""
        }
        #expect(joined == arguments)
    }

    @Test func `tools without a choice are for another model, or for none after a result`()
        async throws
    {
        let client = try RawClient(await startMock())
        let plain = try #require(client.post(path, chat("mock-gpt", Self.tools)))
        #expect(!plain.text.contains("tool_calls"))
        let messages = #"[{"role":"tool","content":"x"}]"#
        let result = #"{"model":"mock-tools","messages":\#(messages)\#(Self.tools)}"#
        #expect(try !#require(client.post(path, result)).text.contains("tool_calls"))
    }

    @Test func `embeddings are the same as numbers and as base64`() async throws {
        let client = try RawClient(await startMock())
        let input = #""model":"e","input":["a","b"],"dimensions":5"#
        let floats = try #require(client.post("/v1/embeddings", "{\(input)}")).json
        let packed = try #require(
            client.post("/v1/embeddings", #"{\#(input),"encoding_format":"base64"}"#)
        ).json
        let vectors = try #require(floats["data"] as? [[String: Any]])
        let texts = try #require(packed["data"] as? [[String: Any]])
        #expect(vectors.count == 2 && texts.count == 2)
        for (vector, text) in zip(vectors, texts) {
            let numbers = try #require(vector["embedding"] as? [Double])
            let data = try #require(Data(base64Encoded: text["embedding"] as? String ?? ""))
            #expect(numbers.count == 5 && data.count == 20)
            for (index, number) in numbers.enumerated() {
                var bits: UInt32 = 0
                for byte in 0..<4 { bits |= UInt32(data[index * 4 + byte]) << UInt32(byte * 8) }
                #expect(Double(Float(bitPattern: bits)) == number)
            }
        }
        let tokens = try #require(client.post("/v1/embeddings", #"{"model":"e","input":[1,2]}"#))
        #expect((try tokens.json["data"] as? [Any])?.count == 1)
    }

    @Test func `text completions and responses are answered`() async throws {
        let client = try RawClient(await startMock())
        let text = try #require(
            client.post("/v1/completions", #"{"model":"m","prompt":"Once","n":2}"#)
        ).json
        #expect((text["choices"] as? [[String: Any]])?.last?["text"] is String)
        let stream = try #require(
            client.post("/v1/completions", #"{"model":"m","prompt":"Once","stream":true}"#))
        #expect(stream.events.last == "[DONE]")
        #expect(try stream.chunks.allSatisfy { $0["object"] as? String == "text_completion" })
        let response = try #require(
            client.post("/v1/responses", #"{"model":"m","input":"Once"}"#)
        ).json
        #expect(response["status"] as? String == "completed")
        let events = try #require(
            client.post("/v1/responses", #"{"model":"m","input":"Once","stream":true}"#)
        ).chunks
        #expect(events.first?["type"] as? String == "response.created")
        #expect(events.last?["type"] as? String == "response.completed")
    }

    @Test(
        "a streamed response tells each item as it begins and as it is in the end",
        arguments: [
            ("mock-gpt", ["message"], "completed"), ("mock-refusal", ["message"], "completed"),
            ("mock-reasoning", ["reasoning", "message"], "completed"),
            ("mock-tools", ["function_call"], "completed"),
            ("mock-long-3", ["message"], "incomplete"),
        ])
    func streamsItems(_ model: String, _ types: [String], _ status: String) async throws {
        let client = try RawClient(await startMock())
        let body =
            #"{"model":"\#(model)","input":"Once","tools":[{"type":"function","name":"f"}]"#
            + (status == "incomplete" ? #","max_output_tokens":2"# : "")
        let plain = try #require(client.post("/v1/responses", body + "}")).json
        let events = try #require(client.post("/v1/responses", body + #","stream":true}"#)).chunks
        func items(_ type: String) -> [[String: Any]] {
            events.filter { $0["type"] as? String == type }.compactMap {
                $0["item"] as? [String: Any]
            }
        }
        #expect(items("response.output_item.added").map { $0["type"] as? String } == types)
        let done = items("response.output_item.done")
        let whole = try #require(events.last?["response"] as? [String: Any])
        #expect(whole["status"] as? String == status)
        for output in [plain["output"], whole["output"]] {
            #expect(NSArray(array: done) == output as? NSArray)
        }
        let numbers = events.compactMap { $0["sequence_number"] as? Int }
        #expect(numbers == Array(events.indices))
    }

    @Test(arguments: [400, 401, 404, 429, 500, 503])
    func `a status is answered on request in the shape of its errors`(status: Int) async throws {
        let client = try RawClient(await startMock())
        let response = try #require(client.post(path, chat("mock-status-\(status)")))
        #expect(response.status == status)
        let error = try #require(try response.json["error"] as? [String: Any])
        #expect(error["type"] is String && error["message"] is String)
        #expect((response.header("retry-after") != nil) == (status == 429))
    }

    @Test func `a cut is a reset after three events, or inside the body`() async throws {
        let address = try await startMock()
        let streaming = try RawClient(address)
        _ = streaming.post(path, chat("mock-cut", #","stream":true"#))
        #expect(streaming.ending == .reset)
        let whole = try RawClient(address)
        #expect(whole.post(path, chat("mock-cut")) == nil)
        #expect(whole.ending == .reset)
        #expect(!whole.received.isEmpty)
        let silent = try RawClient(address)
        #expect(silent.post(path, chat("mock-reset")) == nil)
        #expect(silent.ending == .reset && silent.received.isEmpty)
    }

    @Test func `a stall stays open and says nothing more`() async throws {
        let client = try RawClient(await startMock())
        let body = chat("mock-stall", #","stream":true"#)
        client.send(
            "POST \(path) HTTP/1.1\r\nHost: m\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        while String(decoding: client.received, as: UTF8.self).components(separatedBy: "\n\n")
            .count < 4, client.receive()
        {}
        while client.receive(within: 200) {}
        #expect(client.ending == nil)
        let text = String(decoding: client.received, as: UTF8.self)
        #expect(text.components(separatedBy: "\n\n").count == 4)
    }

    @Test func `an error comes inside a stream, pages and long streams come whole`() async throws {
        let client = try RawClient(await startMock())
        let error = try #require(client.post(path, chat("mock-stream-error", #","stream":true"#)))
        #expect(error.events.count == 4 && error.events.last?.contains("server_error") == true)
        let page = try #require(client.post(path, chat("mock-html")))
        #expect(page.header("content-type") == "text/html; charset=utf-8")
        let long = try #require(client.post(path, chat("mock-long-5000", #","stream":true"#)))
        #expect(long.events.count == 5003)
    }

    @Test func `a slow client gets a long stream whole`() async throws {
        let client = try RawClient(await startMock())
        client.limitReceiveBuffer(to: 64 << 10)
        let body = chat("mock-long-20000", #","stream":true"#)
        client.send(
            "POST \(path) HTTP/1.1\r\nHost: m\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        try await TestLoop.shared.run { await $0.sleep(milliseconds: 100) }
        #expect(try #require(client.response()).events.count == 20_003)
    }

    @Test func `what arrived can be read back`() async throws {
        let client = try RawClient(await startMock())
        let body = #"{"model":"mock-gpt" , "messages":[{"role":"user","content":"ü\n"}]}"#
        _ = client.post(path + "?a=b", body)
        client.send("GET /mock/requests HTTP/1.1\r\nHost: m\r\n\r\n")
        let log = try #require(client.response())
        let entries = try #require(
            JSONSerialization.jsonObject(with: Data(log.body)) as? [[String: Any]])
        let entry = try #require(entries.first)
        #expect(entries.count == 1)
        #expect(entry["target"] as? String == path + "?a=b")
        #expect(entry["body"] as? String == body)
        #expect(Data(base64Encoded: entry["body_base64"] as? String ?? "") == Data(body.utf8))
        #expect((entry["headers"] as? [[String]])?.contains(["Host", "mock"]) == true)
    }

    @Test func `lists, unknown paths and bad bodies are answered`() async throws {
        let client = try RawClient(await startMock())
        client.send("GET /v1/models HTTP/1.1\r\nHost: m\r\n\r\n")
        #expect(try (client.response()?.json["data"] as? [Any])?.isEmpty == false)
        client.send("GET \(path)?limit=2 HTTP/1.1\r\nHost: m\r\n\r\n")
        #expect(try (client.response()?.json["data"] as? [Any])?.isEmpty == true)
        #expect(client.post("/v1/nothing", "{}")?.status == 404)
        #expect(client.post(path, "{")?.status == 400)
        #expect(client.post(path, #"{"model":"m"}"#)?.status == 400)
        #expect(client.post("/v1/mock/echo", "as it is")?.text == "as it is")
    }
}
