import CTestSupport
import Foundation
import GatewayTesting
import Networking
import Testing

/// Rows E and F1: start, end, and the limits of the system.
@Suite struct LifecycleTests {
    @Test func `a gateway that will end says so, answers, and closes its connections`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let client = try gateway.connect()
        client.send(Wire.get("/readyz"))
        #expect(client.response()?.text.contains("ready") == true)
        gateway.announceShutdown()
        client.send(Wire.get("/readyz"))
        let ready = client.response()
        #expect(ready?.status == 503)
        #expect(ready?.text.contains("draining") == true)
        #expect(try gateway.answer(to: Wire.get("/healthz"))?.status == 200)
        let other = try gateway.connect()
        other.send(Wire.chat())
        let response = other.response()
        #expect(response?.status == 200)
        #expect(response?.header("connection") == "close")
        #expect(other.receiveAll() == ("", .closed))
    }

    @Test func `streams finish while a gateway drains, and nobody new comes in`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.streamHead + Wire.chunk(Wire.event("a"))), .waitForGate,
            .send(Wire.chunk(Wire.doneEvent) + Wire.lastChunk), .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let idle = try gateway.connect()
        let clients = try (0..<100).map { _ in try gateway.connect() }
        for client in clients { client.send(Wire.chat(Wire.streamBodyWithUsage)) }
        for client in clients { #expect(client.receive(until: Wire.event("a"))) }
        gateway.announceShutdown()
        let drained = gateway.drain()
        // An idle connection closes at once, and the listener with it.
        #expect(idle.receiveAll() == ("", .closed))
        #expect(throws: RawSocketError.self) { try gateway.connect() }
        #expect(drained.entries.isEmpty)
        upstream.open()
        for client in clients {
            #expect(client.response()?.text == Wire.event("a") + Wire.doneEvent)
            #expect(client.receiveAll() == ("", .closed))
        }
        #expect(drained.wait(for: 1).count == 1)
        let traces = gateway.traces(100)
        #expect(traces.count == 100)
        #expect(traces.allSatisfy { $0.spans.allSatisfy { $0.status == .unset } })
    }

    @Test func `streams that do not finish are cut when the time is up, with their traces`() throws
    {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.streamHead + Wire.chunk(Wire.event("a"))), .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let clients = try (0..<10).map { _ in try gateway.connect() }
        for client in clients { client.send(Wire.chat(Wire.streamBodyWithUsage)) }
        for client in clients { #expect(client.receive(until: Wire.event("a"))) }
        let drained = gateway.drain()
        #expect(drained.entries.isEmpty)
        gateway.abandon()
        #expect(drained.wait(for: 1).count == 1)
        for client in clients {
            let (text, ending) = client.receiveAll()
            #expect(ending != .timedOut)
            #expect(!text.hasSuffix("\r\n" + Wire.lastChunk))
        }
        #expect(upstream.waitForPeersToClose(10))
        #expect(gateway.traces(10).count == 10)
    }

    @Test func `a port that is taken is an error, also where it could be shared`() throws {
        let upstream = try FaultyUpstream.good()
        let first = try TestGateway(upstream)
        #expect(throws: SocketError.self) {
            try TestGateway(upstream, ["listener.address": "\(first.address)"])
        }
        #expect(try first.answer(to: Wire.chat())?.status == 200)
    }

    @Test func `clients come in by a unix socket, which is removed at the end`() throws {
        let path = "/tmp/martlet-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        do {
            let gateway = try TestGateway(
                try FaultyUpstream.good(), ["listener.address": "unix:\(path)"])
            #expect(try gateway.answer(to: Wire.chat())?.status == 200)
            let trace = try gateway.trace()
            #expect(trace.server["client.address"] == nil)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `several workers share a port and all of them drain`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream.url("/v1"), workers: 4)
        for _ in 0..<40 { #expect(try gateway.answer(to: Wire.chat())?.status == 200) }
        #expect(gateway.traces(40).count == 40)
        #expect(gateway.drain().wait(for: 1).count == 1)
    }

    @Test func `connections beyond the limit are closed, the others go on`() throws {
        let gateway = try TestGateway(
            try FaultyUpstream.good(), ["listener.connectionsMax": "3"])
        let clients = try (0..<3).map { _ in try gateway.connect() }
        for client in clients {
            client.send(Wire.chat())
            #expect(client.response()?.status == 200)
        }
        #expect(try gateway.connect().receiveAll().text == "")
        for client in clients {
            client.send(Wire.chat())
            #expect(client.response()?.status == 200)
            client.close()
        }
        #expect(ProcessUse.wait { (try? gateway.answer(to: Wire.chat()))??.status == 200 })
    }

    @Test func `out of descriptors the gateway does not spin, and recovers`() async throws {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 200, rlim_max: 200)
            let gateway = try TestGateway(try FaultyUpstream.good())
            let old = try gateway.connect()
            old.send(Wire.chat())
            #expect(old.response()?.status == 200)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            var fillers: [Int32] = []
            while case let filler = dup(0), filler >= 0 { fillers.append(filler) }
            let start = ProcessUse.processorTime
            for _ in 0..<20 {
                close(fillers.removeLast())
                let client = try gateway.connect()
                #expect(client.receiveAll().text == "")
                client.close()
                fillers.append(dup(0))
            }
            usleep(1_500_000)
            #expect(ProcessUse.processorTime - start < 0.75)
            // A connection that stood before goes on, upstream and all.
            old.send(Wire.chat())
            #expect(old.response()?.status == 200)
            for filler in fillers { close(filler) }
            #expect(ProcessUse.wait { (try? gateway.answer(to: Wire.chat()))??.status == 200 })
        }
    }

    @Test func `no job leaves the workers for Swift's own threads`() async throws {
        await #expect(processExitsWith: .success) {
            global_executor_watch(strdup("worker-"))
            let upstream = try FaultyUpstream(
                [
                    .readRequest, .send(Wire.answer()), .readRequest,
                    .send(Wire.streamHead + Wire.chunk(Wire.event("a"))),
                    .send(Wire.chunk(Wire.doneEvent) + Wire.lastChunk), .readRequest, .reset,
                ], [.readRequest, .send(Wire.answer()), .again])
            let gateway = try TestGateway(
                upstream, ["timeouts.header": "700ms", "timeouts.keepAliveIdle": "700ms"])
            let client = try gateway.connect()
            client.send(Wire.chat())
            #expect(client.response()?.status == 200)
            client.send(Wire.chat(Wire.streamBody))
            #expect(client.response()?.status == 200)
            client.send(Wire.chat())
            #expect(client.response()?.status == 200)
            client.send(Wire.post("/v1/files", "abc"))
            #expect(client.response()?.status == 200)
            client.send("GET / HT")
            #expect(client.response()?.status == 408)
            #expect(try gateway.answer(to: "x\r\n\r\n")?.status == 400)
            #expect(gateway.drain().wait(for: 1).count == 1)
            #expect(global_executor_count() == 0)
            // And one that does is seen.
            let loop = EventLoop()
            let thread = LoopThread(name: "worker-stray", loop: loop)
            loop.execute { Task.detached { loop.stop() } }
            thread.join()
            #expect(global_executor_count() > 0)
        }
    }
}
