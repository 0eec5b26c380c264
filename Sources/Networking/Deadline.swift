import CLibUV

/// A point in time by which something must have happened, for one object of a loop.
///
/// Setting it is a plain store, because requests set deadlines several times each: the loop's
/// sweep compares all of them once an interval, so one expires up to `DeadlineSweep.interval`
/// late. `cancel` must be called before the owner goes away.
package final class Deadline {
    /// Milliseconds of `EventLoop.now`; `.max` when nothing is due.
    package var at: UInt64 = .max
    fileprivate var index: Int
    fileprivate var expired: (() -> Void)?
    private let loop: EventLoop

    /// Registers a deadline that is not set yet. `expired` runs on the loop, and `at` is `.max`
    /// again by then.
    package init(loop: EventLoop, expired: @escaping () -> Void) {
        self.loop = loop
        self.expired = expired
        index = loop.deadlines.count
        loop.deadlines.add(self)
    }

    /// Due in `milliseconds` from now; zero means no deadline, as limits use it.
    package func set(in milliseconds: UInt64) {
        at = milliseconds == 0 ? .max : loop.now &+ milliseconds
    }

    /// Nothing is due.
    package func clear() {
        at = .max
    }

    /// Takes the deadline out of the sweep for good and drops the closure. May be called twice.
    package func cancel() {
        at = .max
        guard expired != nil else { return }
        expired = nil
        loop.deadlines.remove(self)
    }
}

/// All deadlines of a loop, looked at every `interval` while there are any.
@safe
package final class DeadlineSweep {
    /// Milliseconds between two looks, and so the precision of every time-out.
    package static let interval: UInt64 = 50

    private var entries: ContiguousArray<Deadline> = []
    private var due: ContiguousArray<Deadline> = []
    private unowned let loop: EventLoop
    private let timer: UnsafeMutablePointer<uv_timer_t>
    private var isRunning = false

    init(loop: EventLoop) {
        self.loop = loop
        // SAFETY: the timer lives as long as the loop, which lives as long as the process.
        unsafe timer = .allocate(capacity: 1)
        unsafe uv_timer_init(loop.handle, timer)
        unsafe martlet_uv_set_data(timer, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Registered deadlines, set or not.
    package var count: Int { entries.count }

    fileprivate func add(_ deadline: Deadline) {
        entries.append(deadline)
        guard !isRunning else { return }
        isRunning = true
        let callback: uv_timer_cb = { timer in
            // SAFETY: the pointer was set in `init`, and the sweep lives as long as its loop.
            let sweep = unsafe Unmanaged<DeadlineSweep>.fromOpaque(martlet_uv_data(timer)!)
            unsafe sweep.takeUnretainedValue().sweep()
        }
        // SAFETY: an initialised timer; libuv calls back on the loop's thread.
        unsafe uv_timer_start(timer, callback, Self.interval, Self.interval)
    }

    fileprivate func remove(_ deadline: Deadline) {
        let last = entries.removeLast()
        if last !== deadline {
            entries[deadline.index] = last
            last.index = deadline.index
        }
    }

    private func sweep() {
        guard !entries.isEmpty else {
            isRunning = false
            // SAFETY: an initialised timer.
            unsafe uv_timer_stop(timer)
            return
        }
        let now = loop.now
        // Handlers add and remove deadlines: collect first, then look again at each.
        for entry in entries where entry.at <= now { due.append(entry) }
        for entry in due where entry.at <= now {
            entry.at = .max
            entry.expired?()
        }
        due.removeAll(keepingCapacity: true)
    }
}
