import Foundation
import Networking

/// A client that sends the bytes it is given and collects what comes. It blocks its thread.
package final class RawClient {
    /// How a connection ended.
    package enum Ending: Equatable, Sendable {
        case closed, reset, timedOut
    }

    /// A response as it came.
    package struct Response: Sendable {
        package let status: Int
        /// Names in lower case.
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]

        package var text: String { String(decoding: body, as: UTF8.self) }

        package func header(_ name: String) -> String? {
            headers.first { $0.name == name }?.value
        }
    }

    private let socket: RawSocket
    private var isOpen = true
    /// What came and was not asked for yet.
    package private(set) var received: [UInt8] = []
    /// How the connection ended, once it has.
    package private(set) var ending: Ending?

    package init(_ address: ListenAddress) throws {
        socket = try RawSocket(connectingTo: address)
    }

    deinit {
        close()
    }

    /// Sends text as it is; false once the peer is gone.
    @discardableResult
    package func send(_ text: String) -> Bool {
        socket.send(Array(text.utf8))
    }

    /// Sends bytes; false once the peer is gone.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        socket.send(bytes)
    }

    /// Makes the peer wait sooner when nothing is read.
    package func limitReceiveBuffer(to bytes: Int32) {
        socket.limitReceiveBuffer(to: bytes)
    }

    /// Sends FIN; receiving goes on.
    package func finishSending() {
        socket.finishSending()
    }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        socket.close()
    }

    package func reset() {
        guard isOpen else { return }
        isOpen = false
        socket.reset()
    }

    /// Waits for bytes once. False when the connection ended or nothing came in time.
    package func receive(within milliseconds: Int = 30_000) -> Bool {
        switch socket.receive(within: milliseconds) {
        case .success(let bytes):
            received += bytes
            return true
        case .failure(let error):
            switch error.ending {
            case .closed: ending = .closed
            case .reset: ending = .reset
            case .timedOut: break
            }
            return false
        }
    }

    /// Everything until the end, which is `timedOut` when it does not come in time.
    package func receiveAll(
        within milliseconds: Int = 30_000
    ) -> (text: String, ending: Ending) {
        while ending == nil, receive(within: milliseconds) {}
        let text = String(decoding: received, as: UTF8.self)
        received = []
        return (text, ending ?? .timedOut)
    }

    /// Waits until what came contains `text`.
    package func receive(until text: String, within milliseconds: Int = 30_000) -> Bool {
        while received.firstRange(of: Array(text.utf8)) == nil {
            guard receive(within: milliseconds) else { return false }
        }
        return true
    }

    /// The next response, nil when it does not come whole. `hasBody` is false after HEAD.
    package func response(hasBody: Bool = true, within milliseconds: Int = 30_000) -> Response? {
        let headEnd = Array("\r\n\r\n".utf8)
        guard receive(until: "\r\n\r\n", within: milliseconds),
            let end = received.firstRange(of: headEnd)
        else { return nil }
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self)
            .components(separatedBy: "\r\n")
        received.removeFirst(end.upperBound)
        guard let status = Int(lines[0].dropFirst(9).prefix(3)) else { return nil }
        let headers = lines.dropFirst().map { line -> (name: String, value: String) in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (
                line[..<colon].lowercased(),
                line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)
            )
        }
        let head = Response(status: status, headers: headers, body: [])
        guard hasBody, status >= 200, status != 204, status != 304 else { return head }
        guard let body = body(of: head, within: milliseconds) else { return nil }
        return Response(status: status, headers: headers, body: body)
    }

    private func body(of head: Response, within milliseconds: Int) -> [UInt8]? {
        if let length = head.header("content-length").flatMap({ Int($0) }) {
            return take(length, within: milliseconds)
        }
        guard head.header("transfer-encoding") == "chunked" else {
            while ending == nil, receive(within: milliseconds) {}
            defer { received = [] }
            return received
        }
        var body: [UInt8] = []
        while true {
            guard receive(until: "\r\n", within: milliseconds),
                let end = received.firstRange(of: Array("\r\n".utf8)),
                let size = Int(
                    String(decoding: received[..<end.lowerBound], as: UTF8.self), radix: 16)
            else { return nil }
            received.removeFirst(end.upperBound)
            guard let data = take(size + 2, within: milliseconds) else { return nil }
            if size == 0 { return body }
            body += data.dropLast(2)
        }
    }

    private func take(_ count: Int, within milliseconds: Int) -> [UInt8]? {
        while received.count < count {
            guard receive(within: milliseconds) else { return nil }
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }
}
