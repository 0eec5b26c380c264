/// Makes one outgoing connection: looks the name up and tries its addresses one after the other.
/// Confined to its loop.
package final class SocketConnector {
    private let loop: EventLoop
    private let address: ListenAddress
    private var done: ((Result<SocketStream, SocketError>) -> Void)?
    private var attempt: SocketStream?

    package init(loop: EventLoop, address: ListenAddress) {
        self.loop = loop
        self.address = address
    }

    /// Begins. `done` is called once, on the loop and not within this call, unless `cancel`
    /// comes first; the stream is then the callee's. There is no limit of time but the kernel's.
    package func start(_ done: @escaping (Result<SocketStream, SocketError>) -> Void) {
        self.done = done
        switch address {
        case .unix(let path):
            attempt = SocketStream.connect(loop: loop, toPath: path) { self.finished($0, [][...]) }
        case .tcp(let host, let port):
            if let numeric = SocketAddress(numeric: host, port: port) {
                return attempt([numeric][...])
            }
            NameResolver.resolve(loop: loop, host: host, port: port) { result in
                guard self.done != nil else { return }
                switch result {
                case .success(let addresses): self.attempt(addresses[...])
                case .failure(let error): self.finish(.failure(error))
                }
            }
        }
    }

    /// Gives up: `done` is not called any more.
    package func cancel() {
        done = nil
        attempt?.close()
        attempt = nil
    }

    private func attempt(_ addresses: ArraySlice<SocketAddress>) {
        guard let first = addresses.first else { return }
        attempt = SocketStream.connect(loop: loop, to: first) {
            self.finished($0, addresses.dropFirst())
        }
    }

    private func finished(_ error: SocketError?, _ others: ArraySlice<SocketAddress>) {
        guard done != nil, let stream = attempt else { return }
        attempt = nil
        if let error {
            stream.close()
            others.isEmpty ? finish(.failure(error)) : attempt(others)
        } else {
            finish(.success(stream))
        }
    }

    private func finish(_ result: Result<SocketStream, SocketError>) {
        let done = done
        self.done = nil
        done?(result)
    }
}
