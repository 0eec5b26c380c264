import Glibc

/// An open file descriptor that is written to without ever waiting, for the log.
package struct DescriptorOutput: Sendable {
    /// Bytes that a pipe takes at once or not at all (`PIPE_BUF`).
    package static let pieceBytesMax = 4096

    private let descriptor: Int32
    /// A socket, such as the one to systemd's journal, can be written to without waiting.
    private let isSocket: Bool

    /// Takes no ownership: the descriptor stays open for as long as it is used.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        // SAFETY: writes only to the local it is given.
        let isKnown = unsafe fstat(descriptor, &status) == 0
        isSocket = isKnown && status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Descriptor 1.
    package static let standardOutput = DescriptorOutput(descriptor: STDOUT_FILENO)
    /// Descriptor 2.
    package static let standardError = DescriptorOutput(descriptor: STDERR_FILENO)

    /// Writes all of `bytes`, at most 4096 of them, or nothing; false where the descriptor is
    /// not ready.
    ///
    /// The descriptor is asked first instead of being made non-blocking: it may be shared with
    /// other processes, whose writes must not start to fail. A pipe that is ready takes 4096
    /// bytes (`PIPE_BUF`) at once, so this does not block. A socket may be ready for less than
    /// that, and is told not to wait.
    package func writeIfReady(_ bytes: Span<UInt8>) -> Bool {
        if isSocket { return sendIfReady(bytes) }
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // SAFETY: reads and writes only the local it is given.
        let ready = unsafe poll(&request, 1, 0)
        guard ready == 1, request.revents & Int16(POLLOUT) != 0 else { return false }
        // SAFETY: reads only the bytes of the span.
        let written = unsafe bytes.withUnsafeBytes { source in
            unsafe Glibc.write(descriptor, source.baseAddress, source.count)
        }
        return written == bytes.count
    }

    private func sendIfReady(_ bytes: Span<UInt8>) -> Bool {
        let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
        // SAFETY: reads only the bytes of the span.
        let sent = unsafe bytes.withUnsafeBytes { source in
            unsafe send(descriptor, source.baseAddress, source.count, flags)
        }
        return sent == bytes.count
    }

    /// Writes all of `bytes` and waits where it must; false where the descriptor is broken. For
    /// output that people read, from threads that may wait.
    @discardableResult
    package func writeAll(_ bytes: Span<UInt8>) -> Bool {
        var offset = 0
        while offset < bytes.count {
            // SAFETY: reads only the bytes of the span behind `offset`.
            let written = unsafe bytes.withUnsafeBytes { source in
                unsafe Glibc.write(
                    descriptor, source.baseAddress.map { unsafe $0 + offset },
                    source.count - offset)
            }
            if written > 0 {
                offset += written
            } else if errno == EAGAIN {
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                // SAFETY: reads and writes only the local it is given.
                guard unsafe poll(&request, 1, -1) >= 0 || errno == EINTR else { return false }
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
