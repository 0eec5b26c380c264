import Foundation

/// Entries that one thread adds and others wait for.
package final class Journal<Entry: Sendable>: @unchecked Sendable {
    // SAFETY: every access to `list` holds the condition's lock.
    private let condition = NSCondition()
    private var list: [Entry] = []

    package init() {}

    package func append(_ entry: Entry) {
        condition.withLock {
            list.append(entry)
            condition.broadcast()
        }
    }

    package var entries: [Entry] {
        condition.withLock { list }
    }

    /// The entries once there are that many; fewer when they do not come in time.
    package func wait(for count: Int, within seconds: TimeInterval = 30) -> [Entry] {
        let end = Date(timeIntervalSinceNow: seconds)
        return condition.withLock {
            while list.count < count, condition.wait(until: end) {}
            return list
        }
    }
}
