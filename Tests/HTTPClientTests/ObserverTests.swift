import Bytes
import GatewayTesting
import HTTPClient
import Networking
import Testing

/// What an observer may do, and what it hears.
@Suite struct ObserverTests {
    private static let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"

    @Test(
        "a cancelled transfer ends once, after the call it was cancelled in, and is closed",
        arguments: ["connected", "head", "body", "wants", "outside", "connecting"])
    func cancels(_ place: String) async throws {
        let upstream = try FaultyUpstream([
            .readHead, .send(Self.chunked), .readToEnd,
        ])
        let url = upstream.url()
        let calls = try await TestLoop.shared.run { loop in
            let client = CurlClient(loop: loop)
            let recorder = Recorder()
            recorder.onConnected = { if place == "connected" { $0.cancel() } }
            recorder.onHead = { if place == "head" { $0.cancel() } }
            recorder.onBody = {
                if place == "body" { $0.cancel() }
                return place != "outside"
            }
            recorder.onWantsBody = { if place == "wants" { $0.cancel() } }
            let transfer = client.transfer(.post, url)
            transfer.start(
                body: .streamed(length: nil), timeouts: HTTPTimeouts(), observer: recorder)
            if place == "connecting" { transfer.cancel() }
            if place == "outside" {
                try await loop.wait(for: "the pause") { recorder.calls.last == "not now" }
                transfer.cancel()
                #expect(recorder.isFinished)
            }
            await recorder.wait()
            transfer.cancel()
            #expect(client.idleConnections == 0)
            transfer.release()
            return recorder.calls
        }
        #expect(calls.last == "cancelled")
        #expect(!calls.contains("late") && !calls.contains("inside"))
    }

    @Test func `the next transfer may start where the last one finishes`() async throws {
        let upstream = try FaultyUpstream([.readRequest, .send(ok("a")), .again])
        let url = upstream.url()
        let count = try await TestLoop.shared.run { loop in
            let client = CurlClient(loop: loop)
            let done = WaitPoint()
            var count = 0
            func next() {
                let recorder = Recorder()
                recorder.onFinished = { transfer in
                    #expect(recorder.text == "a" && recorder.error == nil)
                    transfer.release()
                    count += 1
                    if count < 200 { next() } else { done.signal() }
                }
                let transfer = client.transfer(.get, url)
                transfer.start(body: .none, timeouts: HTTPTimeouts(), observer: recorder)
            }
            next()
            await done.wait()
            return count
        }
        #expect(count == 200)
        #expect(upstream.connections == 1)
    }

    @Test(
        "an answer that is taken piece by piece arrives whole",
        arguments: [
            chunked, ok("hello world"), "HTTP/1.1 200 OK\r\n\r\nhello world",
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world" + "behind",
        ])
    func pauses(_ answer: String) async throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(answer), .wait(milliseconds: 20),
        ])
        let url = upstream.url()
        let text = try await TestLoop.shared.run { loop in
            let recorder = Recorder()
            var refusals = 0
            recorder.onBody = { transfer in
                refusals += 1
                guard refusals % 3 != 0 else { return true }
                loop.spawn { transfer.resume() }
                return false
            }
            return await CurlClient(loop: loop).call(.get, url, recorder: recorder).text
        }
        #expect(text == "hello world")
    }

    @Test func `a server waits for a reader that takes nothing`() async throws {
        let size = 16_000_000
        let pattern = FaultyUpstream.pattern(size)
        let upstream = try FaultyUpstream([
            .readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"),
            .sendRaw(pattern),
        ])
        let url = upstream.url()
        let isWhole = try await TestLoop.shared.run { loop in
            let recorder = Recorder()
            var isOpen = false
            var deliveries = 0
            recorder.onBody = { _ in
                deliveries += 1
                return isOpen
            }
            let client = CurlClient(loop: loop)
            let transfer = client.transfer(.get, url)
            var timeouts = HTTPTimeouts()
            timeouts.idle = 2000
            transfer.start(body: .none, timeouts: timeouts, observer: recorder)
            try await loop.wait(for: "the pause") { deliveries == 1 }
            // Longer than the idle time, which does not count while nothing is taken.
            await loop.sleep(milliseconds: 4000)
            #expect(deliveries == 1 && !recorder.isFinished)
            isOpen = true
            transfer.resume()
            await recorder.wait()
            transfer.release()
            return recorder.error == nil && recorder.body == pattern
        }
        #expect(isWhole)
    }

    @Test func `an answer that comes before the request's end ends the upload`() async throws {
        for status in ["200 OK", "413 No"] {
            let upstream = try FaultyUpstream([
                .readHead, .send("HTTP/1.1 \(status)\r\nContent-Length: 2\r\n\r\nno"), .readToEnd,
            ])
            let url = upstream.url()
            let outcome = try await TestLoop.shared.run { loop in
                let client = CurlClient(loop: loop)
                let outcome = await client.call(.post, url, body: .streamed(length: 1000))
                #expect(client.idleConnections == 0)
                return outcome
            }
            #expect(outcome.kind == nil && outcome.text == "no")
            #expect(upstream.waitForPeersToClose())
        }
    }

    @Test(
        "each part of a transfer has a time limit",
        arguments: [
            ("first", "", .firstByteTimeout), ("idle", "HTTP/1.1 200 OK\r\n\r\na", .idleTimeout),
            ("total", "HTTP/1.1 200 OK\r\n\r\na", .totalTimeout), ("total", "", .totalTimeout),
        ] as [(String, String, HTTPClientError.Kind)])
    func timesOut(
        _ part: String, _ answer: String, _ kind: HTTPClientError.Kind
    ) async throws {
        let upstream = try FaultyUpstream([.readRequest, .send(answer), .readToEnd])
        let url = upstream.url()
        let outcome = try await TestLoop.shared.run { loop in
            var timeouts = HTTPTimeouts()
            if part == "first" { timeouts.firstByte = 60 }
            if part == "idle" { timeouts.idle = 60 }
            if part == "total" { timeouts.total = 60 }
            return await CurlClient(loop: loop).call(.get, url, timeouts: timeouts)
        }
        #expect(outcome.kind == kind)
        #expect(upstream.waitForPeersToClose())
    }

    @Test func `an answer's head is there as it came, with times and the peer`() async throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send("HTTP/1.1 103 E\r\nX: 1\r\n\r\nHTTP/1.0 201 C\r\nA:  b \r\n"),
            .wait(milliseconds: 5), .send("\r\n"),
        ])
        let (url, address) = (upstream.url(), upstream.address)
        try await TestLoop.shared.run { loop in
            let recorder = Recorder()
            let transfer = CurlClient(loop: loop).transfer(.get, url)
            transfer.start(body: .none, timeouts: HTTPTimeouts(), observer: recorder)
            await recorder.wait()
            #expect(transfer.status == 201 && transfer.minorVersion == 0)
            let head = transfer.head.withBytes { String(decoding: $0) }
            #expect(head == "HTTP/1.0 201 C\r\nA:  b \r\n\r\n")
            #expect(transfer.fields.count == 1)
            let value = transfer.head.withBytes {
                String(decoding: $0.extracting(transfer.fields[0].value))
            }
            #expect(value == "b")
            #expect(transfer.startedAt <= transfer.connectedAt)
            #expect(transfer.connectedAt <= transfer.headAt)
            #expect(transfer.peer.map { "\($0.address):\($0.port)" } == "\(address)")
            transfer.release()
        }
    }
}
