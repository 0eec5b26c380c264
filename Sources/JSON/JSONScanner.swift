import Bytes
import CSimdjson

/// Checks JSON documents whole and indexes them, one after the other, reusing its memory.
///
/// simdjson finds the tokens and validates UTF-8; a walk over the tokens checks the grammar of
/// RFC 8259, the nesting depth and that no top-level key occurs twice. Magnitudes of numbers are
/// not checked. A warm scanner allocates nothing. Confined to one thread at a time.
@safe
package struct JSONScanner: ~Copyable {
    /// The default limit of nesting: a scalar has depth 0, `[]` depth 1.
    package static let depthMax = 128

    private let handle: OpaquePointer
    private var result: csimdjson_result
    private var scannedBytes = 0
    /// The number of the last scan, from 1 on: for `holds`.
    package private(set) var serial: UInt64 = 0

    /// A scanner that refuses documents nested deeper than `depthMax`.
    package init(depthMax: Int = JSONScanner.depthMax) {
        precondition(depthMax > 0 && depthMax <= 1 << 20)
        // SAFETY: null means that memory is exhausted, where going on is worse.
        guard let handle = unsafe csimdjson_create(UInt32(depthMax)) else {
            fatalError("no memory for a JSON scanner")
        }
        unsafe self.handle = handle
        unsafe self.result = csimdjson_result()
    }

    deinit {
        // SAFETY: this is the handle's one owner.
        unsafe csimdjson_destroy(handle)
    }

    /// Checks and indexes `bytes` in place, without a copy. Nothing past their end is read.
    package mutating func scan(_ bytes: Span<UInt8>) throws(JSONError) {
        scannedBytes = 0
        serial &+= 1
        let handle = unsafe self.handle
        // SAFETY: the pointer is valid for the call and not kept.
        unsafe result = bytes.withUnsafeBufferPointer { elements in
            unsafe csimdjson_scan(handle, elements.baseAddress, elements.count)
        }
        guard unsafe result.code == 0 else {
            throw unsafe JSONError(
                code: JSONError.Code(rawValue: result.code) ?? .unexpectedToken,
                offset: Int(result.offset))
        }
        scannedBytes = bytes.count
    }

    /// Whether the last scan was the one of that number and a success: `document(bytes)` is what
    /// it was then, if `bytes` are the same, of which only the count is checked.
    package func holds(_ bytes: Span<UInt8>, of serial: UInt64) -> Bool {
        serial == self.serial && bytes.count == scannedBytes && scannedBytes > 0
    }

    /// The scanned document. `bytes` are those that the last successful scan was given.
    @_lifetime(borrow self, copy bytes)
    package borrowing func document(_ bytes: Span<UInt8>) -> JSONDocument {
        precondition(bytes.count == scannedBytes && scannedBytes > 0)
        // SAFETY: the arrays live until the next mutating call, which the borrow excludes.
        let document = unsafe JSONDocument(
            bytes: bytes, positions: result.positions, links: result.links,
            tokenCount: Int(result.count), hasPlainEscapes: result.has_plain_escapes != 0)
        return unsafe _overrideLifetime(document, borrowing: self)
    }

    /// Gives memory back when the last document was larger than `bytes`.
    package mutating func shrink(toCapacity bytes: Int) {
        scannedBytes = 0
        // SAFETY: the handle is valid until `deinit`.
        unsafe csimdjson_shrink(handle, bytes)
    }
}
