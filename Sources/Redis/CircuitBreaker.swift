/// Keeps commands from a server that does not answer: closed they go, open they fail at once, at
/// no cost, while a connection is tried in the background now and then.
///
/// A pure value: whoever owns it connects, waits and tells.
package struct CircuitBreaker: Sendable {
    /// Commands fail at once.
    package private(set) var isOpen = false
    private var failures = 0
    private var delay: UInt64
    private let failuresMax: Int
    private let delayMin, delayMax: UInt64

    /// Opens after `failuresMax` failures in a row; waits from `delayMin` milliseconds, doubling
    /// up to `delayMax`.
    package init(failuresMax: Int, delayMin: UInt64, delayMax: UInt64) {
        self.failuresMax = max(1, failuresMax)
        self.delayMin = max(1, delayMin)
        self.delayMax = max(self.delayMin, delayMax)
        delay = self.delayMin
    }

    /// A connection failed; a severe failure (a time-out, a wrong password) counts as all it
    /// takes. True: this has opened the breaker.
    package mutating func failed(isSevere: Bool) -> Bool {
        failures += 1
        guard !isOpen, isSevere || failures >= failuresMax else { return false }
        isOpen = true
        return true
    }

    /// A connection is ready. True: this has closed the breaker. The waits stay as long as they
    /// have become until a command succeeds, so that a server that answers connections but no
    /// commands is not tried ever again.
    package mutating func connected() -> Bool {
        guard isOpen else { return false }
        isOpen = false
        failures = 0
        return true
    }

    /// A command was answered.
    package mutating func succeeded() {
        failures = 0
        delay = delayMin
    }

    /// Milliseconds until the next try: each time twice as many, of which `random` (0 to 255)
    /// takes up to a quarter away, so that workers do not try in step.
    package mutating func nextDelay(random: UInt8) -> UInt64 {
        let result = delay - delay / 4 * UInt64(random) / 255
        delay = min(delay * 2, delayMax)
        return max(1, result)
    }
}
