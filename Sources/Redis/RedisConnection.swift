import Bytes
import Networking

/// What a connection tells its owner. Called on the loop.
protocol RedisConnectionOwner: AnyObject {
    /// Commands are answered from here on.
    func connectionReady(_ connection: RedisConnection)
    /// A command's budget was over before the connection was ready, which it may become yet.
    func connectionKeepsWaiting(_ connection: RedisConnection)
    /// It is over. Whoever waited has been told.
    func connectionClosed(_ connection: RedisConnection, _ error: RedisError)
}

/// One connection to one server: opened once, closed once, pipelined. Confined to its loop.
///
/// Replies come in the order of the commands and carry no name of what they answer. So one command
/// that is given up while its reply is due makes the connection useless: it is closed at once,
/// and a late reply finds nobody.
final class RedisConnection {
    private enum State {
        /// Looking the server up, connecting, TLS, and the first commands.
        case opening
        case ready
        case closed(RedisError)
    }

    /// A timer that fires this much later than asked, in milliseconds, means that the loop was
    /// busy: what has arrived meanwhile is read before anything is called late.
    private static let lateness: UInt64 = 5
    /// Memory for output that an idle connection keeps, in bytes.
    private static let outputBytesKept = 64 << 10

    let loop: EventLoop
    let settings: RedisSettings
    /// Nobody while the owner is gone.
    private weak var owner: (any RedisConnectionOwner)?
    private var state = State.opening
    /// Where it leads, once that is known.
    private(set) var server: ListenAddress?

    private var stream: SocketStream?
    private var connector: SocketConnector?
    var tls: RedisTLS?
    private let reader: ReplyReader
    /// What is to be sent at the end of the turn.
    private var output = ByteBuffer()
    private var isFlushScheduled = false
    /// Sent, or to be sent with the next flush, in this order.
    private var inFlight = RequestQueue()
    /// Commands that came before the connection was ready.
    private var waiting = RequestQueue()

    private let timer: LoopTimer
    private var timerDue = UInt64.max
    private var isTimerRepeated = false
    /// When opening has to have ended.
    let openingDue: UInt64
    /// What opening waits for has come, or the connection is closed.
    private let step = WaitPoint()

    init(loop: EventLoop, settings: RedisSettings, owner: (any RedisConnectionOwner)?) {
        self.loop = loop
        self.settings = settings
        self.owner = owner
        reader = ReplyReader(bytesMax: settings.replyBytesMax)
        timer = LoopTimer(loop: loop)
        openingDue = RedisRequest.now + settings.connectTimeout
        watch(openingDue)
    }

    var isReady: Bool { if case .ready = state { true } else { false } }
    var isClosed: Bool { if case .closed = state { true } else { false } }
    /// Commands that wait for their answers.
    var pending: Int { inFlight.count + waiting.count }

    // MARK: Commands

    /// Puts a command in line; its answer is told to the request. Throws where nothing was tried.
    func start(_ request: RedisRequest) throws(RedisError) {
        if case .closed(let error) = state { throw error }
        let outputBytes = output.count + (stream?.pendingBytes ?? 0)
        guard pending < settings.commandsMax, outputBytes <= settings.outputBytesMax else {
            throw RedisError(.overloaded, reason: "too many commands wait on the connection")
        }
        watch(request.due)
        if isReady {
            send(request)
        } else {
            waiting.append(request)
        }
    }

    private func send(_ request: RedisRequest) {
        inFlight.append(request)
        request.command.append(to: &output)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        // What other tasks of this turn send goes along.
        loop.spawn { [self] in flush() }
    }

    private func flush() {
        isFlushScheduled = false
        guard let stream else { return }
        if let tls {
            do throws(RedisError) {
                try tls.send(output, over: stream)
            } catch {
                close(error)
            }
        } else {
            output.withBytes { stream.write($0) }
        }
        output.removeAll(keeping: Self.outputBytesKept)
    }

    /// Sends a command of the opening, ahead of those that wait for its end.
    func startOpening(_ command: consuming RedisCommand) -> RedisRequest {
        let request = RedisRequest(command, due: openingDue)
        if case .closed(let error) = state {
            request.fail(error)
        } else {
            send(request)
        }
        return request
    }

    // MARK: Opening

    /// Connects to what `locate` finds and becomes ready, or is closed.
    func open(
        _ locate: @escaping () async throws(RedisError) -> ListenAddress,
        tls makeTLS: @escaping (ListenAddress) throws(RedisError) -> RedisTLS?,
        greet: @escaping (RedisConnection) async throws(RedisError) -> Void
    ) {
        loop.spawn { [self] in
            do throws(RedisError) {
                try checkOpen()
                let address = try await locate()
                try checkOpen()
                server = address
                tls = try makeTLS(address)
                try await connect(to: address)
                try await greet(self)
                becomeReady()
            } catch {
                close(error)
            }
        }
    }

    private func connect(to address: ListenAddress) async throws(RedisError) {
        try checkOpen()
        let connector = SocketConnector(loop: loop, address: address)
        self.connector = connector
        var failure: SocketError?
        connector.start { [self] result in
            switch result {
            case .success(let connected): stream = connected
            case .failure(let error): failure = error
            }
            step.signal()
        }
        while stream == nil, failure == nil {
            await step.wait()
            try checkOpen()
        }
        self.connector = nil
        guard let stream else {
            throw RedisError(.down, reason: "no connection to the server came about")
        }
        stream.startReading(self)
        guard let tls else { return }
        try tls.begin(over: stream)
        while !tls.isEstablished {
            await step.wait()
            try checkOpen()
        }
    }

    private func checkOpen() throws(RedisError) {
        if case .closed(let error) = state { throw error }
    }

    private func becomeReady() {
        guard case .opening = state else { return }
        state = .ready
        while let request = waiting.popFirst() { send(request) }
        owner?.connectionReady(self)
    }

    // MARK: The end

    /// Closes at once; whoever waits is told `error`. May be called again.
    func close(_ error: RedisError) {
        if case .closed = state { return }
        state = .closed(error)
        timer.close()
        connector?.cancel()
        connector = nil
        stream?.close()
        step.signal()
        // What is wrong with one answer is not what the others failed by.
        var cause = error
        if error.kind == .timeout || error.kind == .tooLarge || error.kind == .malformed {
            if error.kind != .timeout { inFlight.popFirst()?.fail(error) }
            cause = RedisError(.down, reason: "the connection was given up for another command")
        }
        while let request = inFlight.popFirst() { request.fail(cause) }
        while let request = waiting.popFirst() { request.fail(cause) }
        owner?.connectionClosed(self, error)
    }

    // MARK: Time

    private func watch(_ due: UInt64) {
        guard due < timerDue else { return }
        timerDue = due
        let now = loop.now
        timer.start(after: due > now ? due - now : 1) { [unowned self] in timerFired() }
    }

    private func timerFired() {
        let now = RedisRequest.now
        if now > timerDue + Self.lateness, !isTimerRepeated {
            isTimerRepeated = true
            return timer.start(after: 1) { [unowned self] in timerFired() }
        }
        isTimerRepeated = false
        timerDue = .max
        let late = RedisError(.timeout, reason: "no answer within the budget")
        let given = inFlight.removeDue(by: now)
        for request in given { request.fail(late) }
        let unsent = waiting.removeDue(by: now)
        for request in unsent { request.fail(late) }
        // A reply that is still to come would answer another command.
        guard given.isEmpty, isReady || now < openingDue else { return close(late) }
        if !unsent.isEmpty { owner?.connectionKeepsWaiting(self) }
        guard !isClosed else { return }
        watch(min(inFlight.due, waiting.due, isReady ? .max : openingDue))
    }
}

extension RedisConnection: SocketStreamObserver {
    func streamReceived(_ bytes: Span<UInt8>) {
        do throws(RedisError) {
            guard let tls, let stream else { return try take(bytes) }
            let wasEstablished = tls.isEstablished
            try tls.receive(bytes, over: stream) { plain throws(RedisError) in try take(plain) }
            if tls.isEstablished, !wasEstablished { step.signal() }
        } catch {
            close(error)
        }
    }

    private func take(_ bytes: Span<UInt8>) throws(RedisError) {
        guard reader.feed(bytes) else {
            throw RedisError(.malformed, reason: "the answer is not of Redis' protocol")
        }
        while !isClosed {
            switch reader.next() {
            case .more: return
            case .failed(let error): throw error
            case .reply(let reply):
                guard let request = inFlight.popFirst() else {
                    throw RedisError(.malformed, reason: "an answer came that nobody asked for")
                }
                request.finish(reply)
            }
        }
    }

    func streamEnded(error: Int32) {
        close(RedisError(.down, reason: "the server ended the connection"))
    }

    func streamDrained() {}
}
