import Bytes
import CCurl

/// The header lines of a request in the form curl wants them: a linked list, built in memory of
/// our own that is used again, in place of two allocations a line.
@safe
struct HeaderLines: ~Copyable {
    private var text = ByteBuffer(capacity: 1024)
    private var offsets: [Int] = []
    private var nodes: UnsafeMutablePointer<curl_slist>
    private var capacity = 32

    init() {
        unsafe nodes = .allocate(capacity: capacity)
        offsets.reserveCapacity(capacity)
    }

    deinit {
        unsafe nodes.deallocate()
    }

    /// Adds `name: value`. False, and nothing added, where either could end the line: curl
    /// sends what it is given.
    mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard Self.isHarmless(name), Self.isHarmless(value) else { return false }
        offsets.append(text.count)
        text.append(name)
        if value.isEmpty {
            // curl's own notation for a header without a value.
            text.append(";")
        } else {
            text.append(": ")
            text.append(value)
        }
        text.append(UInt8(0))
        return true
    }

    /// Keeps curl from adding a header of its own.
    mutating func suppress(_ name: StaticString) {
        offsets.append(text.count)
        text.append(name)
        text.append(":")
        text.append(UInt8(0))
    }

    mutating func removeAll() {
        text.removeAll(keeping: 4096)
        offsets.removeAll(keepingCapacity: true)
    }

    /// The list, valid until the next mutation.
    @unsafe
    mutating func list() -> UnsafeMutablePointer<curl_slist>? {
        guard !offsets.isEmpty else { return nil }
        if offsets.count > capacity {
            capacity = offsets.count * 2
            unsafe nodes.deallocate()
            unsafe nodes = .allocate(capacity: capacity)
        }
        // SAFETY: the text does not move before the next mutation; curl only reads it.
        unsafe text.bytes.withUnsafeBytes { bytes in
            let base = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress!)
            for (index, offset) in offsets.enumerated() {
                let next = unsafe index + 1 < offsets.count ? nodes + index + 1 : nil
                let line = unsafe (base + offset).assumingMemoryBound(to: CChar.self)
                unsafe (nodes + index).initialize(to: curl_slist(data: line, next: next))
            }
        }
        return unsafe nodes
    }

    private static func isHarmless(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == 0 || byte == ASCII.carriageReturn || byte == ASCII.lineFeed { return false }
        }
        return true
    }
}
