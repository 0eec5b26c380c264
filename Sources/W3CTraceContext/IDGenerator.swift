/// Makes trace and span ids: xoshiro256** (Blackman and Vigna), seeded from the system's
/// randomness. Ids are unique, not secret. One for each worker; not shared between threads.
package struct IDGenerator: Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// A generator with a seed of its own.
    package init() {
        var system = SystemRandomNumberGenerator()
        repeat {
            state = (system.next(), system.next(), system.next(), system.next())
        } while state.0 | state.1 | state.2 | state.3 == 0
    }

    /// A generator that always answers the same ids, for tests.
    package init(seed: UInt64) {
        // Never all zero: the second word is not.
        state = (seed, 0x9E37_79B9_7F4A_7C15, ~seed, 0xD1B5_4A32_D192_ED03)
        for _ in 0..<16 { _ = next() }
    }

    /// A new trace id, all 16 bytes of it random: set `TraceFlags.random` with it.
    package mutating func traceID() -> TraceID {
        while true {
            if let id = TraceID(high: next(), low: next()) { return id }
        }
    }

    /// A new span id.
    package mutating func spanID() -> SpanID {
        while true {
            if let id = SpanID(next()) { return id }
        }
    }

    /// A random number, for samplers and jitter.
    package mutating func next() -> UInt64 {
        let scrambled = state.1 &* 5
        let result = (scrambled << 7 | scrambled >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }
}
