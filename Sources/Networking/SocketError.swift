import CLibUV
import Glibc

/// A system call on a socket failed.
package struct SocketError: Error, CustomStringConvertible {
    /// What was tried, as "bind 127.0.0.1:8787".
    package let operation: String
    /// The system's number (`errno`), or 0 where the reason is not the system's.
    package let number: Int32
    /// A sentence's end: "address already in use".
    package let reason: String

    /// From `errno`.
    init(_ operation: String, number: Int32 = errno) {
        self.operation = operation
        self.number = number
        // SAFETY: strerror's text is copied at once.
        reason = unsafe String(cString: strerror(number)).lowercased()
    }

    init(_ operation: String, reason: String) {
        self.operation = operation
        number = 0
        self.reason = reason
    }

    package var description: String { "cannot \(operation): \(reason)" }
}
