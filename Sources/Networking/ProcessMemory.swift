import CLibUV

/// The process's memory.
package enum ProcessMemory {
    /// Bytes of freed memory that each thread's part of the heap keeps.
    private static let keptBytes: Int32 = 4 << 20

    /// Keeps freed memory instead of giving each piece back at once: batches of telemetry are
    /// made and freed all the time, and every page that comes back costs a fault. To be called
    /// before there are threads.
    package static func keepFreed() {
        martlet_keep_freed_memory(keptBytes)
    }
}
