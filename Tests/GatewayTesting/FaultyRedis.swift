import Foundation
import Glibc
import Networking

/// A server that reads commands as Redis does and answers them as it is told, right or wrong.
package final class FaultyRedis: Sendable {
    package enum Answer: Sendable {
        /// These bytes.
        case send(String)
        /// The same, byte by byte.
        case sendInPieces(String)
        /// These bytes, when so much time has passed.
        case sendLate(String, milliseconds: UInt32)
        /// Nothing, while the connection stays.
        case nothing
        /// These bytes, then the end.
        case sendAndClose(String)
    }

    package let address: ListenAddress
    package let commands = Journal<[String]>()
    private let listener: RawSocket
    private let answer: @Sendable ([String]) -> Answer

    /// `answer` is asked about each command with its arguments, but not about those of a
    /// connection's opening, which are answered well.
    package init(_ answer: @escaping @Sendable ([String]) -> Answer) throws {
        self.answer = answer
        let (listener, port) = try RawSocket.listening()
        self.listener = listener
        address = .tcp(host: "127.0.0.1", port: port)
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = accept(listener.descriptor, nil, nil)
                guard descriptor >= 0 else { return listener.close() }
                let socket = RawSocket(descriptor: descriptor)
                socket.sendAtOnce()
                Thread.detachNewThread { self.serve(socket) }
            }
        }
    }

    package var url: String { "redis://\(address)" }

    /// Takes no further connections.
    package func stopListening() {
        shutdown(listener.descriptor, Int32(SHUT_RDWR))
    }

    private func serve(_ socket: RawSocket) {
        defer { socket.close() }
        var buffer: [UInt8] = []
        while true {
            while let (command, end) = Self.command(in: buffer) {
                buffer.removeFirst(end)
                commands.append(command)
                guard perform(reply(to: command), on: socket) else { return }
            }
            guard case .success(let bytes) = socket.receive(within: 60_000) else { return }
            buffer += bytes
        }
    }

    private func reply(to command: [String]) -> Answer {
        switch command[0] {
        case "CLIENT", "SELECT", "AUTH": .send("+OK\r\n")
        case "PING":
            switch answer(command) {
            case .nothing: .send("+PONG\r\n")
            case let other: other
            }
        default: answer(command)
        }
    }

    private func perform(_ answer: Answer, on socket: RawSocket) -> Bool {
        switch answer {
        case .send(let text): return socket.send(Array(text.utf8))
        case .sendInPieces(let text):
            return text.utf8.allSatisfy { byte in socket.send([byte]) }
        case .sendLate(let text, let milliseconds):
            usleep(milliseconds * 1000)
            return socket.send(Array(text.utf8))
        case .nothing: return true
        case .sendAndClose(let text):
            _ = socket.send(Array(text.utf8))
            return false
        }
    }

    /// The first command in `bytes`, once it is whole, and where it ends.
    private static func command(in bytes: [UInt8]) -> ([String], end: Int)? {
        var offset = 0
        func line() -> Int? {
            guard let end = bytes[offset...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let text = String(decoding: bytes[(offset + 1)..<(end - 1)], as: UTF8.self)
            offset = end + 1
            return Int(text)
        }
        guard offset < bytes.count, let count = line() else { return nil }
        var words: [String] = []
        for _ in 0..<count {
            guard offset < bytes.count, let length = line(), bytes.count >= offset + length + 2
            else { return nil }
            words.append(String(decoding: bytes[offset..<(offset + length)], as: UTF8.self))
            offset += length + 2
        }
        return (words, offset)
    }
}
