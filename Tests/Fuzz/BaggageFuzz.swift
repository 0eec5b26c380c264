// Each line goes through the reader of "baggage": nothing traps, and what is sent on
// is read back as the same. Built by script/fuzz.

import Bytes
import W3CTraceContext

private func text(_ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
    var buffer = ByteBuffer()
    write(&buffer)
    return buffer
}

private func check(_ baggage: Baggage) {
    precondition(baggage.members.count <= Baggage.membersMax)
    precondition(Set(baggage.members.map(\.key)).count == baggage.members.count)
    let sent = text { $0.append(baggage) }
    precondition(sent.count <= Baggage.bytesMax)
    var again = Baggage()
    again.add(sent.bytes)
    precondition(again.droppedCount == 0)
    for member in again.members {
        precondition(baggage.value(of: member.key) == member.value)
    }
    let sentAgain = text { $0.append(again) }
    precondition(sentAgain.bytes.equals(sent.bytes))
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBaggage(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var reader = TraceContextReader()
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
        let value = Array(line)
        reader.addBaggage(value.span)
    }
    check(reader.baggage)
    return 0
}
