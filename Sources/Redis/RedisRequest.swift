import Bytes
import Networking

/// A command on its way and the task that waits for its answer. Confined to a loop.
final class RedisRequest {
    let command: RedisCommand
    /// When the budget is over, in milliseconds of `Clock.monotonic`.
    let due: UInt64
    private let point = WaitPoint()
    private var reply: RedisReply?
    private var error: RedisError?

    init(_ command: consuming RedisCommand, due: UInt64) {
        self.command = command
        self.due = due
    }

    /// Milliseconds of the clock that `due` is of.
    static var now: UInt64 { Clock.monotonic / 1_000_000 }

    private var isDone: Bool { reply != nil || error != nil }

    /// Whoever has the request tells how it ended: once each time it was started.
    func finish(_ reply: consuming RedisReply) {
        self.reply = consume reply
        point.signal()
    }

    /// See `finish`.
    func fail(_ error: RedisError) {
        self.error = error
        point.signal()
    }

    /// Waits for the answer, which may be an error reply. The request may be started again then.
    func answer() async throws(RedisError) -> RedisReply {
        while !isDone { await point.wait() }
        if let reply = reply.take() { return reply }
        let error = error ?? RedisError(.other, reason: "the command was not sent")
        self.error = nil
        throw error
    }
}

/// First in, first out, without an allocation once it has grown.
struct RequestQueue {
    private var entries: ContiguousArray<RedisRequest?> = []
    private var head = 0

    var count: Int { entries.count - head }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ request: RedisRequest) {
        // What was taken from the front is given back now and then.
        if head > 64, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
        entries.append(request)
    }

    mutating func popFirst() -> RedisRequest? {
        guard head < entries.count else { return nil }
        let first = entries[head]
        entries[head] = nil
        head += 1
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        }
        return first
    }

    /// The earliest time at which one of them is due.
    var due: UInt64 {
        entries[head...].reduce(.max) { min($0, $1?.due ?? .max) }
    }

    /// Takes those out that were due by `now`.
    mutating func removeDue(by now: UInt64) -> [RedisRequest] {
        var due: [RedisRequest] = []
        var others: ContiguousArray<RedisRequest?> = []
        for case let request? in entries[head...] {
            if request.due <= now { due.append(request) } else { others.append(request) }
        }
        entries = others
        head = 0
        return due
    }
}
