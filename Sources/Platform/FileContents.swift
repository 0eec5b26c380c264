import Glibc

/// A file could not be read.
package struct FileError: Error, CustomStringConvertible {
    /// The system's reason in lower case, as "no such file or directory".
    package let reason: String

    package var description: String { reason }
}

/// Reading of small files, before the process serves anybody.
package enum FileContents {
    /// The bytes of the file at `path`; one with more than `bytesMax` is an error.
    package static func read(
        _ path: String, bytesMax: Int = 1 << 20
    ) throws(FileError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            // SAFETY: reads at most as many bytes as the buffer has.
            let count = unsafe buffer.withUnsafeMutableBytes { room in
                unsafe Glibc.read(descriptor, room.baseAddress, room.count)
            }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw systemError()
            }
            bytes += buffer[..<count]
            if bytes.count > bytesMax {
                throw FileError(reason: "is larger than \(bytesMax >> 10) KiB")
            }
        }
    }

    private static func systemError() -> FileError {
        // SAFETY: strerror's text is copied at once.
        unsafe FileError(reason: String(cString: strerror(errno)).lowercased())
    }
}
