import Bytes
import HTTP1
import HTTPServer
import JSON
import Networking

/// An OpenAI-compatible provider that answers without a model: for demonstrations and tests.
///
/// Answers depend on the request only, so equal requests have equal answers, streamed or not. The
/// request's model chooses what goes wrong, see `MockBehaviour`. Requests that arrived are kept
/// and can be read at `GET /mock/requests`, header values included.
///
/// Confined to its loop, which it lives as long as.
package final class MockServer {
    /// Bytes a request's body may have: what a gateway buffers, and some more.
    static let bodyBytesMax = 64 << 20
    private static let backlog: Int32 = 1024

    let loop: EventLoop
    /// What arrived, `/mock/` paths excepted.
    package private(set) var requests = RequestLog()
    private var scanner = JSONScanner()
    private lazy var connections = Connections(loop: loop, settings: ConnectionSettings()) {
        await self.serve($0)
    }

    /// A provider that does not listen yet.
    package init(loop: EventLoop) {
        self.loop = loop
    }

    /// Listens on `address` too and answers where exactly, which says the port where 0 was asked
    /// for. On the loop's thread, or before it runs.
    package func listen(on address: ListenAddress) throws(SocketError) -> ListenAddress {
        let socket = try ListeningSocket(
            binding: address, workers: 1, backlog: Self.backlog)
        for descriptor in socket.descriptors {
            try connections.listen(
                on: descriptor, address: socket.address, backlog: Self.backlog)
        }
        return socket.address
    }

    /// Accepts nothing any more and gives up what is open. `closed` is called behind the last.
    package func close(_ closed: @escaping () -> Void) {
        connections.stopListening()
        connections.drain(closed)
        connections.abandonAll()
    }

    private func serve(_ connection: HTTPConnection) async {
        while true {
            let exchange = MockExchange(connection)
            switch await connection.nextRequest() {
            case .closed: return
            case .timedOut: exchange.refuse(status: 408, "The request took too long.")
            case .refused(let error): exchange.refuse(status: error.status, error.reason)
            case .request: await answer(exchange)
            }
            guard await connection.finishResponse() else { return }
        }
    }

    private func answer(_ exchange: MockExchange) async {
        let connection = exchange.connection
        do throws(BodyFailure) {
            try await connection.readBody(bytesMax: Self.bodyBytesMax)
        } catch {
            switch error {
            case .refused(let error): exchange.refuse(status: error.status, error.reason)
            case .timedOut: exchange.refuse(status: 408, "The request took too long.")
            case .clientGone: break
            }
            return
        }
        let path = exchange.path
        if path == "/mock/requests" { return answerLog(exchange) }
        requests.append(connection)
        switch (connection.parser.head.method, MockEndpoint(path: path)) {
        case (.post, let endpoint?): await answer(exchange, endpoint)
        case (.get, .chat?): exchange.answerEmptyList()
        case (.get, nil) where path == "/v1/models": exchange.answerModels()
        case (_, nil) where path == "/v1/mock/echo": exchange.answerEcho()
        default:
            exchange.refuse(status: 404, "The mock provider does not know this method and URL.")
        }
    }

    private func answer(_ exchange: MockExchange, _ endpoint: MockEndpoint) async {
        let call: MockCall
        do throws(MockCall.Invalid) {
            call = try exchange.connection.body.withBytes { body throws(MockCall.Invalid) in
                try MockCall(endpoint, body, scanner: &scanner)
            }
        } catch {
            return exchange.refuse(status: 400, error.message, param: error.param)
        }
        await exchange.answer(call)
    }

    private func answerLog(_ exchange: MockExchange) {
        switch exchange.connection.parser.head.method {
        case .delete:
            requests.removeAll()
            exchange.answer(json: "{}")
        default:
            var body = ByteBuffer()
            requests.write(to: &body)
            exchange.answer(body: body)
        }
    }
}

/// The typed paths.
enum MockEndpoint {
    case chat, completions, embeddings, responses

    init?(path: String) {
        switch path {
        case "/v1/chat/completions": self = .chat
        case "/v1/completions": self = .completions
        case "/v1/embeddings": self = .embeddings
        case "/v1/responses": self = .responses
        default: return nil
        }
    }
}
