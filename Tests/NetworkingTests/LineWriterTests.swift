import Bytes
import Foundation
import Glibc
import Networking
import Testing

@Suite struct LineWriterTests {
    private func pipe() throws -> (reader: Int32, writer: Int32) {
        SignalSource.ignoreBrokenPipes()
        var ends: [Int32] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private func line(_ number: Int, bytes: Int = 60) -> [UInt8] {
        let text = "\(number) "
        return Array(
            (text + String(repeating: "x", count: bytes - text.count - 1) + "\n").utf8)
    }

    /// The next `count` lines; fewer where they do not come within half a minute.
    private func read(_ count: Int, from descriptor: Int32) -> [Substring] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while result.count(where: { $0 == UInt8(ascii: "\n") }) < count {
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&request, 1, 30_000) == 1 else { break }
            let received = Glibc.read(descriptor, &buffer, buffer.count)
            guard received > 0 else { break }
            result += buffer.prefix(received)
        }
        return String(decoding: result, as: UTF8.self).split(separator: "\n")
    }

    @Test func `lines come whole, in order and all of them`() throws {
        let (reader, writer) = try pipe()
        let lines = LineWriter(output: DescriptorOutput(descriptor: writer))
        let sizes = [60, 700, 4096, 61, 3000]
        for number in 0..<40 {
            let isTaken = lines.append(line(number, bytes: sizes[number % 5]).span)
            #expect(isTaken)
        }
        let found = read(40, from: reader)
        lines.close()
        close(writer)
        #expect(found.count == 40)
        #expect(found.enumerated().allSatisfy { $1.hasPrefix("\($0) ") })
        #expect(found.enumerated().allSatisfy { $1.utf8.count == sizes[$0 % 5] - 1 })
        close(reader)
    }

    @Test func `where nobody reads, lines are refused and nobody waits`() throws {
        let (reader, writer) = try pipe()
        let lines = LineWriter(output: DescriptorOutput(descriptor: writer))
        let long = line(0, bytes: 4096)
        var taken = 0
        // What the pipe holds goes through; more than that and the limit cannot.
        while lines.append(long.span) {
            taken += 1
            try #require(taken < 10_000)
        }
        #expect(taken * 4096 >= LineWriter.bytesMax)
        // The thread gives up what cannot be written.
        lines.close()
        close(writer)
        close(reader)
    }

    @Test func `a reader that comes late gets what waits`() throws {
        let (reader, writer) = try pipe()
        let lines = LineWriter(output: DescriptorOutput(descriptor: writer))
        let count = 60
        for number in 0..<count {
            let isTaken = lines.append(line(number, bytes: 4096).span)
            #expect(isTaken)
        }
        #expect(read(count, from: reader).count == count)
        lines.close()
        close(writer)
        close(reader)
    }

    @Test func `what waits at the end is written`() throws {
        let (reader, writer) = try pipe()
        let lines = LineWriter(output: DescriptorOutput(descriptor: writer))
        let isTaken = lines.append(line(7).span)
        #expect(isTaken)
        lines.close()
        close(writer)
        #expect(read(1, from: reader).first?.hasPrefix("7 ") == true)
        close(reader)
    }

    @Test func `a reader that is gone ends nothing`() throws {
        let (reader, writer) = try pipe()
        close(reader)
        let lines = LineWriter(output: DescriptorOutput(descriptor: writer))
        let isTaken = lines.append(line(1).span)
        #expect(isTaken)
        lines.close()
        close(writer)
    }
}
