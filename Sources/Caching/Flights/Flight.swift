import Bytes
import Networking
import Synchronization

/// One call upstream that equal calls at the same time share: the first to come leads it, and the
/// others read what it gets, from its first byte on, however late they come.
///
/// The leader appends from its own thread; followers of any worker are woken on theirs. What was
/// received is kept until every follower has it, and new ones are taken, up to `bytesMax`; beyond,
/// nobody joins any more and the leader has to wait for the slowest.
package final class Flight: Sendable {
    /// How it ended.
    package enum End: Sendable {
        /// The answer came whole.
        case answered
        /// A store had it. `similarity`: it answers another question, which is as near as that.
        case stored(CacheEntry, store: StaticString, similarity: Float? = nil)
        /// There was no answer: what the leader's client is told, followers are told as well.
        case failed(any Error)
        /// The answer broke off.
        case cut(any Error)
        /// It ended without anything to share: each follower makes a call of its own.
        case abandoned
    }

    /// The head of the answer.
    package struct Head: Sendable {
        /// The status.
        package let status: Int
        /// The body is a stream of events.
        package let isEventStream: Bool
        /// The body is compressed, so that nobody reads it on the way.
        package let isEncoded: Bool
        /// Bytes of the body, where the head tells and all of them are relayed.
        package let length: Int?
        /// Field lines as they go to clients, each with its line end.
        package let fields: Segment
        /// The span of the leader's operation: what followers' spans link to.
        package let origin: CacheOrigin

        /// A head with the field lines `fields`.
        package init(
            status: Int, isEventStream: Bool, isEncoded: Bool, length: Int?, fields: Segment,
            origin: CacheOrigin
        ) {
            self.status = status
            self.isEventStream = isEventStream
            self.isEncoded = isEncoded
            self.length = length
            self.fields = fields
            self.origin = origin
        }
    }

    /// Bytes as they came together.
    package final class Segment: Sendable {
        private let content: ByteBuffer

        /// A copy of `bytes`.
        package init(_ bytes: Span<UInt8>) { content = ByteBuffer(copying: bytes) }

        /// Bytes of it.
        package var count: Int { content.count }

        /// Lends them.
        package func withBytes<Result>(_ use: (Span<UInt8>) -> Result) -> Result {
            content.withBytes(use)
        }
    }

    struct State {
        var head: Head?
        var segments: [Segment] = []
        /// Segments before the first of `segments`, which every follower has.
        var dropped = 0
        /// Bytes of `segments`.
        var heldBytes = 0
        var receivedBytes = 0
        var end: End?
        var isOpen = true
        /// The leader waits until less is held.
        var isPaused = false
        /// The leader's client has left.
        var isOrphaned = false
        /// For each seat ever given the segments it has taken; -1: it was given back.
        var taken: [Int] = []
        var followers = 0
        var audiences: [FlightAudience] = []
        var leader: Leader?
    }

    /// What followers may ask of the leader, on its loop.
    struct Leader: Sendable {
        let loop: EventLoop
        let control: @Sendable (FlightControl) -> Void
    }

    let key: FlightKey
    /// Bytes that are held, at most.
    package let bytesMax: Int
    let state = Mutex(State())

    init(key: FlightKey, bytesMax: Int) {
        self.key = key
        self.bytesMax = bytesMax
    }

    /// Whether somebody follows, at this moment.
    package var hasFollowers: Bool { state.withLock { $0.followers > 0 } }
}

/// What followers ask of a flight's leader.
package enum FlightControl: Sendable {
    /// There is room again: the upstream may go on.
    case resume
    /// The leader's client had left, and now the last follower has: nobody wants the answer.
    case cancel
}

// The leader's side.
extension Flight {
    /// Makes known where followers' wishes go: `control` is called on `loop`.
    package func lead(on loop: EventLoop, _ control: @escaping @Sendable (FlightControl) -> Void) {
        state.withLock { $0.leader = Leader(loop: loop, control: control) }
    }

    /// The answer's head is there.
    package func begin(_ head: Head) {
        wake(
            state.withLock { state in
                state.head = head
                return state.audiences
            })
    }

    /// Adds to the body. False: as much is held as may be, and `control` tells when to go on;
    /// these bytes were taken all the same.
    package func append(_ bytes: Span<UInt8>) -> Bool {
        let segment = Segment(bytes)
        let (audiences, goesOn) = state.withLock { state in
            state.segments.append(segment)
            state.heldBytes += segment.count
            state.receivedBytes += segment.count
            guard state.heldBytes > bytesMax else { return (state.audiences, true) }
            // From here on a new follower could not be given the beginning.
            state.isOpen = false
            state.dropTaken()
            state.isPaused = state.heldBytes > bytesMax
            return (state.audiences, !state.isPaused)
        }
        wake(audiences)
        return goesOn
    }

    /// Whether a late follower still gets the whole answer.
    package var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Ends it; only the first call counts.
    package func end(_ end: End) {
        wake(
            state.withLock { state in
                guard state.end == nil else { return [] }
                state.end = end
                state.leader = nil
                return state.audiences
            })
    }

    /// The leader's client has left. True: nobody else wants the answer, and nobody joins any
    /// more. False: the call goes on for the followers; `FlightControl.cancel` tells when the last
    /// of them has left too.
    package func leaderLeft() -> Bool {
        state.withLock { state in
            guard state.followers > 0 else {
                state.isOpen = false
                return true
            }
            state.isOrphaned = true
            return false
        }
    }

    private func wake(_ audiences: [FlightAudience]) {
        for audience in audiences { audience.wake() }
    }
}

extension Flight.State {
    /// Drops what every follower has.
    mutating func dropTaken() {
        let least = taken.reduce(dropped + segments.count) { $1 >= 0 ? min($0, $1) : $0 }
        let count = least - dropped
        guard count > 0 else { return }
        for segment in segments[..<count] { heldBytes -= segment.count }
        segments.removeFirst(count)
        dropped = least
    }
}
