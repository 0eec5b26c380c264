import Foundation
import Glibc
import Networking

/// A server that follows a script on each connection, byte by byte, right or wrong.
package final class FaultyUpstream: Sendable {
    package enum Step: Sendable {
        /// Reads a request's head.
        case readHead
        /// Reads a request with its body, which has a length or is chunked.
        case readRequest
        /// Sends text as it is.
        case send(String)
        /// Sends bytes as they are.
        case sendRaw([UInt8])
        /// Sends that many bytes of a repeated alphabet.
        case sendBytes(Int)
        /// Lets time pass: for what must come late.
        case wait(milliseconds: UInt32)
        /// Waits until `open` was called.
        case waitForGate
        /// Reads until the peer ends the connection.
        case readToEnd
        /// Sends FIN and goes on.
        case finish
        /// Ends the connection as a crash does.
        case reset
        /// Goes back to the first step.
        case again
    }

    /// What the server saw.
    package enum Event: Sendable, Equatable {
        case connected
        /// The head and body of a request, as text.
        case request(String)
        /// The peer ended the connection.
        case peerClosed
    }

    package let address: ListenAddress
    package let journal = Journal<Event>()
    private let listener: RawSocket
    private let gate = Journal<Bool>()

    /// Each connection follows the next script; the last serves all further ones. A connection
    /// is closed behind its script.
    package init(_ scripts: [Step]...) throws {
        let (listener, port) = try RawSocket.listening()
        self.listener = listener
        address = .tcp(host: "127.0.0.1", port: port)
        Thread.detachNewThread { [self] in
            var index = 0
            while true {
                let descriptor = accept(listener.descriptor, nil, nil)
                guard descriptor >= 0 else { return listener.close() }
                journal.append(.connected)
                RawSocket(descriptor: descriptor).sendAtOnce()
                let script = scripts[min(index, scripts.count - 1)]
                index += 1
                Thread.detachNewThread { self.follow(script, RawSocket(descriptor: descriptor)) }
            }
        }
    }

    /// `http://127.0.0.1:port` and `path`.
    package func url(_ path: String = "/") -> String {
        "http://\(address)\(path)"
    }

    /// Lets all connections go on from `waitForGate`.
    package func open() {
        gate.append(true)
    }

    /// Refuses further connections. The descriptor stays open: the thread may be about to accept
    /// on its number, which could be another server's by then.
    package func stopListening() {
        // The accepting thread closes it: its number must not serve another listener before
        // that thread has looked.
        shutdown(listener.descriptor, Int32(SHUT_RDWR))
    }

    /// The requests that were read so far.
    package var requests: [String] {
        journal.entries.compactMap { if case .request(let text) = $0 { text } else { nil } }
    }

    package var connections: Int {
        journal.entries.count { $0 == .connected }
    }

    /// Waits until the peer has ended that many connections.
    package func waitForPeersToClose(_ count: Int = 1, within seconds: TimeInterval = 30) -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        var seen = 0
        while Date() < end {
            let entries = journal.wait(
                for: seen + 1, within: max(0, end.timeIntervalSinceNow))
            if entries.count(where: { $0 == .peerClosed }) >= count { return true }
            seen = entries.count
        }
        return false
    }

    private func follow(_ script: [Step], _ socket: RawSocket) {
        var buffer: [UInt8] = []
        var position = 0
        while position < script.count {
            let step = script[position]
            position += 1
            switch step {
            case .readHead: guard read(&buffer, socket, hasBody: false) else { return }
            case .readRequest: guard read(&buffer, socket, hasBody: true) else { return }
            case .send(let text): _ = socket.send(Array(text.utf8))
            case .sendRaw(let bytes): _ = socket.send(bytes)
            case .sendBytes(let count): _ = socket.send(Self.pattern(count))
            case .wait(let milliseconds): usleep(milliseconds * 1000)
            case .waitForGate: _ = gate.wait(for: 1)
            case .readToEnd:
                while case .success = socket.receive(within: 60_000) {}
                journal.append(.peerClosed)
            case .finish: socket.finishSending()
            case .reset: return socket.reset()
            case .again: position = 0
            }
        }
        socket.close()
    }

    /// What `sendBytes` sends.
    package static func pattern(_ count: Int) -> [UInt8] {
        var bytes = Array("abcdefghijklmnopqrstuvwxyz".utf8)
        while bytes.count < count { bytes += bytes }
        return Array(bytes.prefix(count))
    }

    private func read(_ buffer: inout [UInt8], _ socket: RawSocket, hasBody: Bool) -> Bool {
        while true {
            if let end = RequestText.end(of: buffer, hasBody: hasBody) {
                journal.append(.request(String(decoding: buffer[..<end], as: UTF8.self)))
                buffer.removeFirst(end)
                return true
            }
            guard case .success(let bytes) = socket.receive(within: 60_000) else {
                journal.append(.peerClosed)
                socket.close()
                return false
            }
            buffer += bytes
        }
    }
}

enum RequestText {
    /// Where the first request in `bytes` ends, once it is whole.
    static func end(of bytes: [UInt8], hasBody: Bool) -> Int? {
        guard let headEnd = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        guard hasBody else { return headEnd.upperBound }
        let head = String(decoding: bytes[..<headEnd.upperBound], as: UTF8.self).lowercased()
        if head.contains("\r\ntransfer-encoding: chunked") {
            let last = bytes[headEnd.upperBound...].firstRange(of: Array("0\r\n\r\n".utf8))
            return last?.upperBound
        }
        var length = 0
        if let field = head.firstRange(of: "\r\ncontent-length:") {
            let line = head[field.upperBound...].prefix { $0 != "\r\n" && $0 != "\r" }
            length = Int(line.trimmingCharacters(in: .whitespaces)) ?? 0
        }
        let end = headEnd.upperBound + length
        return bytes.count >= end ? end : nil
    }
}
