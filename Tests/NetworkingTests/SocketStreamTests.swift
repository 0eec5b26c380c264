import Bytes
import Foundation
import GatewayTesting
import Glibc
import Networking
import Testing

/// Keeps what a stream tells.
private final class Recorder: SocketStreamObserver {
    let stream: SocketStream
    var received: [UInt8] = []
    var ended: Int32?
    var drains = 0
    var stalls = 0

    init(_ stream: SocketStream) {
        self.stream = stream
        stream.startReading(self)
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        for index in bytes.indices { received.append(bytes[index]) }
    }

    func streamEnded(error: Int32) {
        ended = error
    }

    func streamDrained() {
        drains += 1
    }

    func streamStalled() {
        stalls += 1
    }
}

/// Accepts one connection after the other on the loop.
private final class Acceptor {
    let address: ListenAddress
    private(set) var accepted: [Recorder] = []
    private var listeners: [Listener] = []

    init(loop: EventLoop, address: ListenAddress) throws {
        let socket = try ListeningSocket(binding: address, workers: 1, backlog: 16)
        self.address = socket.address
        for descriptor in socket.descriptors {
            listeners.append(
                try Listener(
                    loop: loop, descriptor: descriptor, address: socket.address, backlog: 16
                ) { [unowned self] stream in accepted.append(Recorder(stream)) })
        }
    }

    func next(_ loop: EventLoop) async throws -> Recorder {
        let count = accepted.count
        try await loop.wait(for: "a connection") { self.accepted.count > count }
        return accepted[count]
    }

    func close() {
        for listener in listeners { listener.close() }
        for recorder in accepted { recorder.stream.close() }
    }
}

extension SocketStream {
    fileprivate func send(_ bytes: [UInt8]) {
        write(bytes.span)
    }
}

private let anyPort = ListenAddress.tcp(host: "127.0.0.1", port: 0)

@Suite(.timeLimit(.minutes(5)), .ownThread) struct SocketStreamTests {
    @Test(arguments: [
        anyPort, .tcp(host: "::1", port: 0),
        .unix(path: NSTemporaryDirectory() + "m-\(UInt32.random(in: 0...UInt32.max)).socket"),
    ])
    func `bytes go both ways, then the end is told`(address: ListenAddress) async throws {
        try await TestLoop(name: "stream").run { loop in
            let acceptor = try Acceptor(loop: loop, address: address)
            let client = try RawClient(acceptor.address)
            let server = try await acceptor.next(loop)
            client.send("question")
            try await loop.wait(for: "bytes") { server.received.count == 8 }
            server.stream.write("an".utf8.span, "sw".utf8.span, "er".utf8.span)
            server.stream.flush()
            #expect(client.receive(until: "answer"))
            switch address {
            case .tcp(let host, _): #expect(server.stream.peer?.address == host)
            case .unix(let path):
                #expect(server.stream.peer == nil)
                unlink(path)
            }
            client.finishSending()
            try await loop.wait(for: "the end") { server.ended != nil }
            #expect(server.ended == 0)
            server.stream.write("late".utf8.span)
            server.stream.close()
            server.stream.close()
            #expect(server.stream.isClosed)
            let rest = client.receiveAll()
            #expect(rest.text == "answerlate" && rest.ending == .closed)
            acceptor.close()
        }
    }

    @Test func `what the peer does not take waits, arrives whole, and its leaving is told`()
        async throws
    {
        let bytes = FaultyUpstream.pattern(8 << 20)
        let own = TestLoop(name: "stream")
        let (client, acceptor) = try await own.run { loop in
            let acceptor = try Acceptor(loop: loop, address: anyPort)
            let client = try RawClient(acceptor.address)
            let server = try await acceptor.next(loop)
            server.stream.send(bytes)
            #expect(server.stream.pendingBytes > 0)
            server.stream.send([UInt8(ascii: "!")])
            return (Confined(client), Confined(acceptor))
        }
        while client.value.received.count <= bytes.count, client.value.receive() {}
        let isWhole = client.value.received == bytes + [UInt8(ascii: "!")]
        #expect(isWhole)
        try await own.run { loop in
            let server = acceptor.value.accepted[0]
            try await loop.wait(for: "the drain") { server.drains == 1 }
            #expect(server.stream.pendingBytes == 0)
            acceptor.value.close()
        }
    }

    @Test func `what a task writes leaves when the tasks of the turn have run`() async throws {
        try await TestLoop(name: "stream").run { loop in
            let acceptor = try Acceptor(loop: loop, address: anyPort)
            let client = try RawClient(acceptor.address)
            let server = try await acceptor.next(loop)
            server.stream.write("a".utf8.span)
            server.stream.write("b".utf8.span, "c".utf8.span)
            #expect(server.stream.pendingBytes == 0)
            #expect(!client.receive(within: 20))
            await loop.sleep(milliseconds: 1)
            #expect(client.receive(until: "abc"))

            // More than is gathered goes at once, behind what was.
            let large = FaultyUpstream.pattern(SocketStream.gatheredBytesMax + 1)
            server.stream.write("d".utf8.span)
            server.stream.send(large)
            while client.received.count < large.count + 4, client.receive() {}
            let isWhole = client.received == Array("abcd".utf8) + large
            #expect(isWhole)
            #expect(server.stalls == 0)
            acceptor.close()
        }
    }

    @Test func `what was gathered and does not leave is told of, and closing sends it`()
        async throws
    {
        let own = TestLoop(name: "stream")
        let (client, acceptor) = try await own.run { loop in
            let acceptor = try Acceptor(loop: loop, address: anyPort)
            let client = try RawClient(acceptor.address)
            let server = try await acceptor.next(loop)
            // The peer reads nothing: sooner or later the kernel takes no more.
            var turns = 0
            while server.stalls == 0, turns < 10_000 {
                server.stream.send(FaultyUpstream.pattern(8 << 10))
                await loop.sleep(milliseconds: 0)
                turns += 1
            }
            #expect(server.stalls == 1)
            #expect(server.stream.pendingBytes > 0)
            let other = try RawClient(acceptor.address)
            let second = try await acceptor.next(loop)
            second.stream.write("last".utf8.span)
            second.stream.close()
            #expect(other.receiveAll().text == "last")
            return (Confined(client), Confined(acceptor))
        }
        client.value.reset()
        try await own.run { _ in acceptor.value.close() }
    }

    @Test func `FIN follows what waits`() async throws {
        let bytes = FaultyUpstream.pattern(8 << 20)
        let own = TestLoop(name: "stream")
        let (client, acceptor) = try await own.run { loop in
            let acceptor = try Acceptor(loop: loop, address: anyPort)
            let client = try RawClient(acceptor.address)
            let server = try await acceptor.next(loop)
            server.stream.send(bytes)
            server.stream.send([UInt8(ascii: "!")])
            server.stream.finishWriting()
            return (Confined(client), Confined(acceptor))
        }
        let (text, ending) = client.value.receiveAll()
        #expect(text.utf8.count == bytes.count + 1)
        #expect(ending == .closed)
        try await own.run { _ in acceptor.value.close() }
    }

    @Test func `a reset is seen as one on either side`() async throws {
        try await TestLoop(name: "stream").run { loop in
            let acceptor = try Acceptor(loop: loop, address: anyPort)
            let client = try RawClient(acceptor.address)
            let server = try await acceptor.next(loop)
            server.stream.reset()
            #expect(client.receiveAll().ending == .reset)
            let other = try RawClient(acceptor.address)
            let second = try await acceptor.next(loop)
            other.reset()
            try await loop.wait(for: "the reset") { second.ended != nil }
            #expect(second.ended == ECONNRESET)
            second.stream.write("nobody hears".utf8.span)
            #expect(second.stream.pendingBytes == 0)
            acceptor.close()
        }
    }

    @Test func `nothing is delivered while reading is paused`() async throws {
        try await TestLoop(name: "stream").run { loop in
            let acceptor = try Acceptor(loop: loop, address: anyPort)
            let client = try RawClient(acceptor.address)
            let server = try await acceptor.next(loop)
            server.stream.pauseReading()
            client.send("waits")
            await loop.sleep(milliseconds: 30)
            #expect(server.received.isEmpty)
            server.stream.resumeReading()
            try await loop.wait(for: "bytes") { server.received.count == 5 }
            acceptor.close()
        }
    }

    @Test func `a write of a connection that broke is dropped, and closing is safe`() async throws {
        try await TestLoop(name: "stream").run { loop in
            let acceptor = try Acceptor(loop: loop, address: anyPort)
            let client = try RawClient(acceptor.address)
            let server = try await acceptor.next(loop)
            server.stream.send(FaultyUpstream.pattern(8 << 20))
            client.reset()
            try await loop.wait(for: "the reset") { server.ended != nil }
            server.stream.send(FaultyUpstream.pattern(1 << 20))
            acceptor.close()
            await loop.sleep(milliseconds: 5)
        }
    }
}
