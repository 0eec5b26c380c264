import Bytes
import Crypto
import Networking
import Synchronization

/// What makes two calls one: the same answer is asked for, in the same shape.
package struct FlightKey: Hashable, Sendable {
    /// In which shape the answer comes from upstream.
    package enum Shape: UInt8, Sendable {
        case plain, stream, streamWithUsage
    }

    let digest: SHA256.Digest
    let shape: Shape
    let takesNear: Bool

    /// The calls with the key `key`, answered in `shape`. `takesNear`: those that are content with
    /// the answer to a question that means the same.
    package init(_ key: CacheKey, _ shape: Shape, takesNear: Bool = false) {
        digest = key.digest
        self.shape = shape
        self.takesNear = takesNear
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
