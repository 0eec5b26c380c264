import CLibUV
import Glibc
import Synchronization

/// A libuv loop that is the executor of the tasks made by `spawn`: one thread, one worker.
///
/// Everything confined to a loop is made, used and dropped on the thread that calls `run`; such
/// classes are not Sendable. Only `enqueue`, `execute` and `stop` may be called from elsewhere.
@safe
package final class EventLoop: TaskExecutor, @unchecked Sendable {
    // SAFETY: what other threads may call touches atomics, the mutex and the wake-up alone.

    /// Jobs run before the loop looks for I/O again. Draining until none is left would let tasks
    /// that keep waking each other starve the timers.
    private static let jobsPerTurnMax = 4096

    /// Bytes one read may bring; shared by all streams of the loop, as bytes are handled at once.
    static let readBufferBytes = 64 << 10

    /// The C loop, for drivers of other C libraries that share it.
    @unsafe package let handle: UnsafeMutablePointer<uv_loop_t>
    let readBuffer: UnsafeMutablePointer<CChar>
    private let wakeUp: LoopWakeUp
    private let beforePoll: UnsafeMutablePointer<uv_prepare_t>
    /// While it is started, libuv polls without waiting.
    private let noWait: UnsafeMutablePointer<uv_idle_t>
    private let remote = Mutex<[UnownedJob]>([])
    private let isStopping = Atomic<Bool>(false)
    private let thread = Atomic<UInt>(0)
    private var jobs = JobQueue()

    /// Deadlines of the objects of this loop.
    package private(set) lazy var deadlines = DeadlineSweep(loop: self)

    package init() {
        // SAFETY: libuv initialises the memory it is given; malloc answers null only when memory
        // is exhausted.
        unsafe handle = .allocate(capacity: 1)
        let status = unsafe uv_loop_init(handle)
        precondition(status == 0, "the event loop could not be made: out of descriptors?")
        unsafe readBuffer = .allocate(capacity: Self.readBufferBytes)
        unsafe beforePoll = .allocate(capacity: 1)
        unsafe noWait = .allocate(capacity: 1)
        // SAFETY: the handles live as long as the loop.
        unsafe wakeUp = LoopWakeUp(handle)
        unsafe uv_prepare_init(handle, beforePoll)
        unsafe uv_idle_init(handle, noWait)
        // SAFETY: the reference is never given back: a loop is closed with its process, and
        // handles and tasks may use it until then.
        unsafe martlet_uv_set_data(beforePoll, Unmanaged.passRetained(self).toOpaque())
        watchTimers()
    }

    /// libuv runs due timers first and then waits for I/O, whatever work a timer has made: with
    /// jobs there it is told not to wait.
    private func watchTimers() {
        // SAFETY: the handle is open, and its data is the loop, retained for good.
        unsafe uv_prepare_start(beforePoll) { prepare in
            let loop = unsafe Unmanaged<EventLoop>.fromOpaque(martlet_uv_data(prepare!)!)
                .takeUnretainedValue()
            if !loop.jobs.isEmpty { unsafe uv_idle_start(loop.noWait) { _ in } }
        }
    }

    /// Processors in the affinity mask of the process: the loops that can run at a time.
    package static var processorCount: Int { Int(uv_available_parallelism()) }

    /// Milliseconds of a monotonic clock, read once a turn.
    package var now: UInt64 {
        // SAFETY: reads a field of the loop.
        unsafe uv_now(handle)
    }

    /// The caller is on this loop's thread.
    package var isCurrent: Bool {
        thread.load(ordering: .relaxed) == UInt(pthread_self())
    }

    /// Runs events and tasks on the calling thread until `stop`.
    package func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        takeRemoteJobs()
        while !isStopping.load(ordering: .relaxed) {
            isGathering = true
            drain()
            isGathering = false
            flush()
            // SAFETY: callbacks run on this thread only.
            unsafe uv_run(handle, jobs.isEmpty ? UV_RUN_ONCE : UV_RUN_NOWAIT)
            unsafe uv_idle_stop(noWait)
            takeRemoteJobs()
        }
    }

    /// Makes `run` return after its turn. From any thread.
    package func stop() {
        isStopping.store(true, ordering: .relaxed)
        wakeUp.send()
    }

    /// Starts `operation` as a task of this loop: every part of it runs on the loop's thread.
    ///
    /// This is the seam through which objects of a loop enter a task. From another thread only
    /// with an operation that holds nothing but Sendable values.
    package func spawn(_ operation: @escaping () async -> Void) {
        // SAFETY: the task runs on the thread that owns what the closure holds.
        nonisolated(unsafe) let operation = operation
        Task(executorPreference: self) { await unsafe operation() }
    }

    /// Runs `operation` on the loop, soon. From any thread.
    package func execute(_ operation: @escaping @Sendable () -> Void) {
        Task(executorPreference: self) { operation() }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            jobs.append(job)
        } else {
            remote.withLock { $0.append(job) }
            wakeUp.send()
        }
    }

    private func takeRemoteJobs() {
        remote.withLock { waiting in
            guard !waiting.isEmpty else { return }
            for job in waiting { jobs.append(job) }
            waiting.removeAll(keepingCapacity: true)
        }
    }

    /// Tasks are running, and what they send may wait for the others.
    package private(set) var isGathering = false
    /// What has gathered something in this turn, and what it is sent from.
    private var gathered: [any LoopGathering] = []
    private var flushed: [any LoopGathering] = []

    /// Has `object` send what it gathered when the tasks of this turn have run.
    package func flushLater(_ object: any LoopGathering) {
        gathered.append(object)
    }

    private func flush() {
        // Sending may call somebody who sends.
        while !gathered.isEmpty {
            swap(&gathered, &flushed)
            for object in flushed { object.flush() }
            flushed.removeAll(keepingCapacity: true)
        }
    }

    private func drain() {
        var budget = Self.jobsPerTurnMax
        while budget > 0, let job = jobs.popFirst() {
            // SAFETY: each job is run once, on the executor it was enqueued on.
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            budget -= 1
        }
    }
}

/// A first-in, first-out ring of jobs that allocates only when it grows.
@safe
private struct JobQueue {
    private var ring: UnsafeMutablePointer<UnownedJob>
    private var mask: Int
    private var head = 0
    private var count = 0

    init() {
        mask = 1023
        // SAFETY: slots are initialised by `append` before they are read.
        unsafe ring = .allocate(capacity: mask + 1)
    }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ job: UnownedJob) {
        if count > mask { grow() }
        // SAFETY: the slot lies within the ring and holds no job.
        unsafe (ring + ((head + count) & mask)).initialize(to: job)
        count += 1
    }

    mutating func popFirst() -> UnownedJob? {
        guard count > 0 else { return nil }
        // SAFETY: the slot was initialised by `append`.
        let job = unsafe (ring + head).move()
        head = (head + 1) & mask
        count -= 1
        return job
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<UnownedJob>.allocate(capacity: (mask + 1) * 2)
        for index in 0..<count {
            // SAFETY: moves each job once, from a slot that holds one to a slot that does not.
            unsafe (larger + index).initialize(to: (ring + ((head + index) & mask)).move())
        }
        unsafe ring.deallocate()
        unsafe ring = larger
        head = 0
        mask = mask * 2 + 1
    }
}
