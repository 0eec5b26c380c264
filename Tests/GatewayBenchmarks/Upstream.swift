import Glibc

/// The provider of the benchmark: answers of fixed bytes, ready before the first request.
///
/// * `.../embeddings`: 1,536 dimensions, as base64 (about 8 KB) or as floats (about 19 KB);
/// * a chat with `"stream":true`: an SSE stream, with `"usage":null` in each chunk and a usage
///   chunk at the end where the request asks for it, as OpenAI does;
/// * any other chat: an answer of about 1 KB, or of 2 KB to a request over 4 KB.
func runUpstream(_ options: inout Options) -> Int32 {
    let chunks = options.number("chunks", default: 250)
    let interval = options.number("interval-ms", default: 20)
    let secondsMax = options.number("seconds-max", default: 900)
    let port = options.number("port", default: 0)
    options.finish()
    let upstream = Upstream(chunks: chunks, intervalMilliseconds: interval)
    let server = Server(handler: upstream, port: port)
    upstream.server = server
    server.run(secondsMax: secondsMax)
    return 0
}

private final class Upstream: RequestHandler {
    weak var server: Server<Upstream>?

    private let chatSmall = response(
        type: "application/json", body: Answers.chat(contentBytes: 560), extra: Answers.headers)
    private let chatLarge = response(
        type: "application/json", body: Answers.chat(contentBytes: 1560), extra: Answers.headers)
    private let embeddingsBase64 = response(
        type: "application/json", body: Answers.embeddings(base64: true), extra: Answers.headers)
    private let embeddingsFloat = response(
        type: "application/json", body: Answers.embeddings(base64: false), extra: Answers.headers)
    /// By kind: 0 without usage, 1 with it.
    private let streams = [Answers.stream(usage: false), Answers.stream(usage: true)]

    private let chunks: Int
    private let interval: UInt64
    private var requests = 0
    private var streamsBroken = 0
    private var chunksSent = 0
    private var due = DueQueue()

    init(chunks: Int, intervalMilliseconds: Int) {
        self.chunks = chunks
        interval = UInt64(intervalMilliseconds) * 1_000_000
    }

    func answer(
        _ head: UnsafeRawBufferPointer, _ parsed: HTTPHead, _ body: UnsafeRawBufferPointer,
        on connection: ServerConnection
    ) {
        requests += 1
        let firstLine = UnsafeRawBufferPointer(rebasing: head[..<min(head.count, 64)])
        let bytes: [UInt8]
        if firstMatch(of: "/embeddings", in: firstLine) != nil {
            bytes = contains(body, "\"base64\"") ? embeddingsBase64 : embeddingsFloat
        } else if contains(body, "\"stream\":true") || contains(body, "\"stream\": true") {
            return startStream(on: connection, usage: contains(body, "\"include_usage\":true"))
        } else {
            bytes = body.count > 4096 ? chatLarge : chatSmall
        }
        server?.send(bytes, on: connection)
    }

    private func contains(_ body: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        firstMatch(of: text, in: body) != nil
    }

    private func startStream(on connection: ServerConnection, usage: Bool) {
        connection.isStreaming = true
        connection.streamPosition = 1
        connection.streamKind = usage ? 1 : 0
        chunksSent += 1
        server?.send(streams[connection.streamKind].start, on: connection)
        due.append(connection, at: monotonicNow() + interval)
    }

    func work() -> UInt64? {
        while let next = due.first {
            let now = monotonicNow()
            if next.time > now { return next.time - now }
            due.removeFirst()
            continueStream(next.connection, dueAt: next.time)
        }
        return nil
    }

    private func continueStream(_ connection: ServerConnection, dueAt time: UInt64) {
        guard connection.isOpen else {
            streamsBroken += 1
            return
        }
        let parts = streams[connection.streamKind]
        if connection.streamPosition < chunks {
            connection.streamPosition += 1
            chunksSent += 1
            server?.send(parts.chunk, on: connection)
            due.append(connection, at: time + interval)
        } else {
            server?.send(parts.end, on: connection)
            server?.endStream(connection)
        }
    }

    func statistics(connections: Int) -> String {
        """
        {"requests":\(requests),"connections":\(connections),"chunks":\(chunksSent),\
        "streamsBroken":\(streamsBroken)}
        """
    }
}

/// Streams in the order in which their next chunks are due: all have the same interval, so that
/// a queue is enough.
private struct DueQueue {
    private var entries: [(connection: ServerConnection, time: UInt64)] = []
    private var head = 0

    var first: (connection: ServerConnection, time: UInt64)? {
        head < entries.count ? entries[head] : nil
    }

    mutating func append(_ connection: ServerConnection, at time: UInt64) {
        entries.append((connection, time))
    }

    mutating func removeFirst() {
        head += 1
        if head > 8192 {
            entries.removeFirst(head)
            head = 0
        }
    }
}
