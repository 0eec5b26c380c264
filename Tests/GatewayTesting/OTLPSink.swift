import Foundation
import Glibc
import Networking

/// An HTTP server that keeps what it is sent and answers as it was told.
package final class OTLPSink: Sendable {
    /// An answer of the sink.
    package struct Answer: Sendable {
        package let status: Int
        package let headers: [String]
        package let body: [UInt8]

        package init(_ status: Int, headers: [String] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// A request that arrived.
    package struct Delivery: Sendable {
        package let path: String
        /// Names in lower case.
        package let headers: [String: String]
        package let body: [UInt8]
    }

    package let address: ListenAddress
    package let deliveries = Journal<Delivery>()
    private let listener: RawSocket
    private let answered = Journal<Int>()

    /// Requests get `answers` in their order, then status 200.
    package init(_ answers: [Answer] = []) throws {
        let (listener, port) = try RawSocket.listening()
        self.listener = listener
        address = .tcp(host: "127.0.0.1", port: port)
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = accept(listener.descriptor, nil, nil)
                guard descriptor >= 0 else { return listener.close() }
                Thread.detachNewThread {
                    self.serve(RawSocket(descriptor: descriptor), answers)
                }
            }
        }
    }

    /// `http://127.0.0.1:port` and `path`.
    package func url(_ path: String = "") -> String {
        "http://\(address)\(path)"
    }

    /// Refuses further connections.
    package func stopListening() {
        // The accepting thread closes it: its number must not serve another listener before
        // that thread has looked.
        shutdown(listener.descriptor, Int32(SHUT_RDWR))
    }

    private func serve(_ socket: RawSocket, _ answers: [Answer]) {
        var buffer: [UInt8] = []
        while true {
            while let end = RequestText.end(of: buffer, hasBody: true) {
                let delivery = Self.delivery(Array(buffer[..<end]))
                buffer.removeFirst(end)
                let index = answered.entries.count
                answered.append(index)
                let answer = index < answers.count ? answers[index] : Answer(200)
                deliveries.append(delivery)
                let head =
                    ["HTTP/1.1 \(answer.status) Scripted"] + answer.headers
                    + ["content-length: \(answer.body.count)", "", ""]
                _ = socket.send(Array(head.joined(separator: "\r\n").utf8) + answer.body)
            }
            guard case .success(let bytes) = socket.receive(within: 60_000) else {
                return socket.close()
            }
            buffer += bytes
        }
    }

    private static func delivery(_ bytes: [UInt8]) -> Delivery {
        let headEnd = bytes.firstRange(of: Array("\r\n\r\n".utf8)) ?? 0..<0
        let lines = String(decoding: bytes[..<headEnd.lowerBound], as: UTF8.self)
            .components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let target = lines[0].split(separator: " ").dropFirst().first.map { String($0) } ?? ""
        return Delivery(
            path: target, headers: headers, body: Array(bytes[headEnd.upperBound...]))
    }
}
