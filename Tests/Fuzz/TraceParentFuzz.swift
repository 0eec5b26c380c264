// Each line goes through the reader of "traceparent": nothing traps, and what is sent on
// is read back as the same. Built by script/fuzz.

import Bytes
import W3CTraceContext

private func text(_ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
    var buffer = ByteBuffer()
    write(&buffer)
    return buffer
}

private func check(_ parent: TraceParent) {
    let sent = text { $0.append(parent) }
    precondition(sent.count == TraceParent.length)
    precondition(TraceParent(parsing: sent.bytes) == parent)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTraceParent(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var reader = TraceContextReader()
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
        let value = Array(line)
        reader.addTraceParent(value.span)
    }
    if let parent = reader.traceParent { check(parent) }
    return 0
}
