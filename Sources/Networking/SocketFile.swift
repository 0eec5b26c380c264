import Glibc

/// The file a unix-domain socket leaves behind.
package enum SocketFile {
    /// Removes it; nothing happens where it is gone.
    package static func remove(_ path: String) {
        // SAFETY: the path is only read.
        unsafe _ = unlink(path)
    }
}
