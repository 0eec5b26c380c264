import GatewayTesting
import MockProvider
import Networking
import Synchronization

/// The mock provider on a loop of its own.
final class MockUpstream: Sendable {
    let url: String
    private let thread: TestLoop
    private let server: Confined<MockServer>

    init() throws {
        thread = TestLoop(name: "mock provider")
        // It listens before its loop has anything else to do.
        let server = MockServer(loop: thread.loop)
        let address = Mutex<ListenAddress?>(nil)
        let done = Journal<Bool>()
        let confined = Confined(server)
        thread.loop.execute {
            address.withLock {
                $0 = try? confined.value.listen(on: .tcp(host: "127.0.0.1", port: 0))
            }
            done.append(true)
        }
        _ = done.wait(for: 1)
        self.server = confined
        guard case .tcp(_, let port) = address.withLock({ $0 }) else { throw TimedOut("a port") }
        url = "http://127.0.0.1:\(port)/v1"
    }

    /// Requests that came so far.
    var count: Int { ask { $0.requests.count } ?? -1 }

    /// The body of the last request.
    var lastBody: String {
        ask { String(decoding: $0.requests.entries.last?.body ?? [], as: UTF8.self) } ?? ""
    }

    private func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (MockServer) -> Answer
    ) -> Answer? {
        let journal = Journal<Answer>()
        let server = server
        thread.loop.execute { journal.append(question(server.value)) }
        return journal.wait(for: 1).first
    }
}
