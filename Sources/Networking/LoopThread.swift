import CLibUV
import Glibc

/// A thread that runs an event loop.
@safe
package final class LoopThread: Sendable {
    private let thread: pthread_t

    /// Starts a thread named `name` (15 bytes are kept) that runs `loop` until it is stopped.
    package init(name: String, loop: EventLoop) {
        let start = Start(name: name, loop: loop)
        var thread = pthread_t()
        // SAFETY: the thread takes over the one reference that is passed to it.
        let status = unsafe pthread_create(
            &thread, nil,
            { pointer in
                let start = unsafe Unmanaged<Start>.fromOpaque(pointer!).takeRetainedValue()
                unsafe martlet_set_thread_name(start.name)
                start.loop.run()
                return nil
            }, Unmanaged.passRetained(start).toOpaque())
        precondition(status == 0, "a thread could not be started")
        self.thread = thread
    }

    /// Waits until the loop was stopped and its thread has ended. To be called once.
    package func join() {
        pthread_join(thread, nil)
    }

    private final class Start: Sendable {
        let name: String
        let loop: EventLoop

        init(name: String, loop: EventLoop) {
            self.name = name
            self.loop = loop
        }
    }
}
