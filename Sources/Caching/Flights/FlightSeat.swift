import Networking
import Synchronization

/// The followers of a flight on one loop: woken together.
final class FlightAudience: Sendable {
    let loop: EventLoop
    private let isWoken = Atomic<Bool>(false)
    private let points: LoopBound<Points>

    /// Where the followers wait, by seat.
    private final class Points {
        var all: [Int: WaitPoint] = [:]
    }

    init(loop: EventLoop) {
        self.loop = loop
        points = LoopBound(Points(), to: loop)
    }

    func add(_ point: WaitPoint, seat: Int) { points.use { $0.all[seat] = point } }

    func remove(seat: Int) { points.use { $0.all[seat] = nil } }

    /// From any thread; calls before the followers have been woken count as one.
    func wake() {
        guard !isWoken.exchange(true, ordering: .acquiringAndReleasing) else { return }
        loop.execute { [self] in
            isWoken.store(false, ordering: .releasing)
            points.use { points in for point in points.all.values { point.signal() } }
        }
    }
}

/// One follower's place in a flight. Confined to its loop; given back by `leave`.
package final class FlightSeat {
    /// What a follower has not had yet.
    package struct News {
        /// The head, once it is there.
        package let head: Flight.Head?
        /// What came of the body.
        package let segments: ArraySlice<Flight.Segment>
        /// There is more of it already.
        package let hasMore: Bool
        /// How it ended, when nothing will come any more.
        package let end: Flight.End?
    }

    /// What is followed.
    package let flight: Flight
    private let audience: FlightAudience
    private let seat: Int
    private let point = WaitPoint()
    private var hasLeft = false

    init(_ flight: Flight, audience: FlightAudience, seat: Int) {
        self.flight = flight
        self.audience = audience
        self.seat = seat
        audience.add(point, seat: seat)
    }

    /// What came since the last call, about `bytesMax` of it; the head each time, the end behind
    /// the last of the body.
    package func take(bytesMax: Int) -> News {
        let (news, resumes) = flight.state.withLock { state -> (News, Flight.Leader?) in
            let from = max(0, state.taken[seat] - state.dropped)
            var to = from
            var bytes = 0
            while to < state.segments.count, bytes < bytesMax {
                bytes += state.segments[to].count
                to += 1
            }
            let hasMore = to < state.segments.count
            let news = News(
                head: state.head, segments: state.segments[from..<to], hasMore: hasMore,
                end: hasMore ? nil : state.end)
            state.taken[seat] = state.dropped + to
            return (news, state.roomMade(bytesMax: flight.bytesMax))
        }
        resumes?.tell(.resume)
        return news
    }

    /// Waits for more; it can return without.
    package func wait() async { await point.wait() }

    /// Ends a wait, for a reason of the follower's own.
    package func signal() { point.signal() }

    /// Gives the place back.
    package func leave() {
        guard !hasLeft else { return }
        hasLeft = true
        audience.remove(seat: seat)
        let (leader, wish) = flight.state.withLock { state -> (Flight.Leader?, FlightControl) in
            state.taken[seat] = -1
            state.followers -= 1
            if state.followers == 0, state.isOrphaned {
                state.isOpen = false
                return (state.leader, .cancel)
            }
            return (state.roomMade(bytesMax: flight.bytesMax), .resume)
        }
        leader?.tell(wish)
    }
}

extension Flight.Leader {
    func tell(_ wish: FlightControl) {
        loop.execute { [control] in control(wish) }
    }
}

extension Flight.State {
    /// The leader, where it waits and need not any more.
    mutating func roomMade(bytesMax: Int) -> Flight.Leader? {
        guard isPaused else { return nil }
        dropTaken()
        guard heldBytes <= bytesMax else { return nil }
        isPaused = false
        return leader
    }

    /// A seat for a follower on `loop`; nil where nobody can join any more.
    mutating func join(on loop: EventLoop) -> (FlightAudience, seat: Int)? {
        guard isOpen else { return nil }
        let audience: FlightAudience
        if let known = audiences.first(where: { $0.loop === loop }) {
            audience = known
        } else {
            audience = FlightAudience(loop: loop)
            audiences.append(audience)
        }
        followers += 1
        taken.append(0)
        return (audience, taken.count - 1)
    }
}
