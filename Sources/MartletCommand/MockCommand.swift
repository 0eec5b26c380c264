import Configuration
import Glibc
import MockProvider
import Networking

/// `martlet mock`: runs the mock provider alone, until a signal ends it.
enum MockCommand {
    static func run(_ invocation: Invocation) throws(UsageError) -> Int32 {
        let text = invocation.listen ?? "127.0.0.1:8080"
        guard let address = ListenAddress(configured: text) else {
            throw UsageError("'--listen' is \(text), not host:port, [address]:port or unix:/path")
        }
        let loop = EventLoop()
        let provider = MockServer(loop: loop)
        do throws(SocketError) {
            Output.line("mock provider on http://\(try provider.listen(on: address))/v1")
        } catch {
            Output.error("martlet: \(error)")
            return 1
        }
        for signal in [SIGTERM, SIGINT] {
            _ = SignalSource(loop: loop, signal: signal) { provider.close { loop.stop() } }
        }
        loop.run()
        return 0
    }
}

extension MockServer {
    /// Starts the mock provider on a thread of its own, for as long as the process lives.
    static func startOnOwnThread() throws(SocketError) -> ListenAddress {
        let loop = EventLoop()
        let provider = MockServer(loop: loop)
        let address = try provider.listen(on: .tcp(host: "127.0.0.1", port: 0))
        _ = LoopThread(name: "mock", loop: loop)
        return address
    }
}
