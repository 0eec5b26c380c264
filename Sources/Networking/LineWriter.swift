import Bytes
import Synchronization

/// Lines on their way to a descriptor: taken at once from any thread, written together by a thread
/// of their own, so that a line costs its caller no system call.
///
/// What comes within a few milliseconds is written in one piece. Where the descriptor takes
/// nothing, lines wait up to `bytesMax`; beyond it they are refused. Lines that were taken and not
/// written are lost when the process crashes.
package final class LineWriter: Sendable {
    /// Bytes of lines that wait.
    package static let bytesMax = 256 << 10
    /// Milliseconds that a line waits for others.
    private static let delay: UInt64 = 5
    /// Milliseconds between two looks at a descriptor that takes nothing.
    private static let pause: UInt64 = 25
    /// Looks that `close` waits for.
    private static let closingLooksMax = 20

    /// What the callers and the writing thread share.
    private final class Lines: Sendable {
        let waiting = Mutex(ByteBuffer(capacity: 4096))
        let isClosed = Atomic<Bool>(false)
    }

    private let lines = Lines()
    private let wakeUp: LoopSignal
    private let thread: LoopThread

    /// A writer to `output`, until `close`.
    package init(output: DescriptorOutput) {
        let loop = EventLoop()
        let wakeUp = LoopSignal(loop: loop)
        let lines = lines
        loop.spawn {
            await Self.write(lines, to: output, wakeUp: wakeUp, loop: loop)
            loop.stop()
        }
        self.wakeUp = wakeUp
        thread = LoopThread(name: "log", loop: loop)
    }

    /// Takes a whole line with its end, at most `DescriptorOutput.pieceBytesMax` bytes; false
    /// where too many wait.
    package func append(_ line: Span<UInt8>) -> Bool {
        let (isTaken, isFirst) = lines.waiting.withLock { waiting in
            let isFirst = waiting.isEmpty
            guard waiting.count + line.count <= Self.bytesMax else { return (false, isFirst) }
            waiting.append(line)
            return (true, isFirst)
        }
        // Who put the first line in has woken the thread that takes all of them out.
        if isTaken, isFirst { wakeUp.signal() }
        return isTaken
    }

    /// Writes what waits, for half a second at most where the descriptor is stuck, and ends the
    /// thread. To be called once; lines that come later are lost.
    package func close() {
        lines.isClosed.store(true, ordering: .releasing)
        wakeUp.signal()
        thread.join()
    }

    private static func write(
        _ lines: Lines, to output: DescriptorOutput, wakeUp: LoopSignal, loop: EventLoop
    ) async {
        var batch = ByteBuffer()
        while true {
            await wakeUp.wait(milliseconds: nil)
            let isClosed = lines.isClosed.load(ordering: .acquiring)
            if !isClosed { await loop.sleep(milliseconds: delay) }
            lines.waiting.withLock { swap(&$0, &batch) }
            var looks = 0
            while !batch.isEmpty {
                if writePiece(of: &batch, to: output) { continue }
                if lines.isClosed.load(ordering: .acquiring) {
                    looks += 1
                    guard looks < closingLooksMax else { return }
                }
                await loop.sleep(milliseconds: pause)
            }
            batch.removeAll(keeping: 16 << 10)
            if isClosed { return }
        }
    }

    /// Writes the lines that fit into one piece; false where the descriptor is not ready.
    private static func writePiece(
        of batch: inout ByteBuffer, to output: DescriptorOutput
    ) -> Bool {
        let written = batch.withBytes { writePiece($0, to: output) }
        batch.consume(written)
        return written > 0
    }

    /// Answers how much was written.
    private static func writePiece(_ bytes: Span<UInt8>, to output: DescriptorOutput) -> Int {
        let bytesMax = min(bytes.count, DescriptorOutput.pieceBytesMax)
        var end = bytesMax
        if end < bytes.count {
            while end > 0, bytes[end - 1] != UInt8(ascii: "\n") { end -= 1 }
        }
        // A longer line than is promised goes in parts.
        if end == 0 { end = bytesMax }
        return output.writeIfReady(bytes.extracting(0..<end)) ? end : 0
    }
}
