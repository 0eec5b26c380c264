import Bytes
import Crypto
import Networking
import Synchronization

/// What makes two calls one: the same answer is asked for, in the same shape.
package struct FlightKey: Hashable, Sendable {
    /// In which shape the answer comes from upstream.
    package enum Shape: UInt8, Sendable {
        case plain, stream
        /// The caller asked for usage.
        case streamWithUsage
        /// The gateway asks for it, and takes it out again.
        case streamWithHiddenUsage
    }

    let digest: SHA256.Digest
    let shape: Shape
    let takesNear: Bool
    let credential: UInt64

    /// The calls with the key `key`, answered in `shape`. `takesNear`: those that are content with
    /// the answer to a question that means the same. `credential`: a number of the caller's, where
    /// the key is one that all callers share: an answer that is under way may be a refusal.
    package init(
        _ key: CacheKey, _ shape: Shape, takesNear: Bool = false, credential: UInt64 = 0
    ) {
        digest = key.digest
        self.shape = shape
        self.takesNear = takesNear
        self.credential = credential
    }

    package func hash(into hasher: inout Hasher) {
        // The digest is as good as random already.
        hasher.combine(digest.bytes.littleEndian64(at: 0))
    }

    var shard: Int { Int(digest.bytes.littleEndian64(at: 8) & UInt64(FlightTable.shardCount - 1)) }
}

/// The flights of all workers.
package final class FlightTable: Sendable {
    /// What a call is to do.
    package enum Part {
        /// It makes the call, for itself and those who follow; it ends the flight and takes it
        /// out of the table.
        case lead(Flight)
        /// It reads what another gets.
        case follow(FlightSeat)
    }

    static let shardCount = 16

    private final class Shard: Sendable {
        let flights = Mutex<[FlightKey: Flight]>([:])
    }

    private let shards: [Shard]
    private let bytesMax: Int

    /// A table whose flights hold up to `bytesMax` bytes each.
    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
        shards = (0..<Self.shardCount).map { _ in Shard() }
    }

    /// Joins the flight of `key`, or begins one; on `loop`.
    package func join(_ key: FlightKey, on loop: EventLoop) -> Part {
        let (flight, seat) = shards[key.shard].flights.withLock {
            flights -> (Flight, (FlightAudience, seat: Int)?) in
            if let flight = flights[key], let seat = flight.state.withLock({ $0.join(on: loop) }) {
                return (flight, seat)
            }
            let flight = Flight(key: key, bytesMax: bytesMax)
            flights[key] = flight
            return (flight, nil)
        }
        guard let seat else { return .lead(flight) }
        // A slow client of the leader's may hold up the call; from now on it may not.
        flight.state.withLock { $0.followers == 1 ? $0.leader : nil }?.tell(.resume)
        return .follow(FlightSeat(flight, audience: seat.0, seat: seat.seat))
    }

    /// Takes a flight out: nobody joins it any more.
    package func remove(_ flight: Flight) {
        flight.state.withLock { $0.isOpen = false }
        shards[flight.key.shard].flights.withLock { flights in
            if flights[flight.key] === flight { flights[flight.key] = nil }
        }
    }

    /// Flights under way.
    package var count: Int { shards.reduce(0) { $0 + $1.flights.withLock(\.count) } }
}
