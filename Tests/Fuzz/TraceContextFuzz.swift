// Lines of "traceparent:", "tracestate:" and "baggage:" go through the readers: they never trap,
// and what they send on is read back as the same. Built by script/fuzz.

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

private func check(_ state: TraceState) {
    precondition(state.count <= TraceState.membersMax)
    precondition(state.bytes.count <= TraceState.charactersMax)
    precondition(state.isEmpty == (state.bytes.count == 0))
    var again = TraceState()
    again.add(state.bytes)
    precondition(again == state)
    var own = state
    precondition(own.prepend("ot", "th:8".utf8.span))
    precondition(own.value(of: "ot") == "th:8")
    precondition(own.count <= TraceState.membersMax)
    own.shorten(to: 100)
    precondition(own.bytes.count <= 100)
    var short = TraceState()
    short.add(own.bytes)
    precondition(short == own)
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
public func fuzzTraceContext(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var reader = TraceContextReader()
    let all = bytes.span
    var position = 0
    while position < all.count {
        let end = all.firstIndex(of: ASCII.lineFeed, from: position) ?? all.count
        let line = all.extracting(position..<end)
        position = end + 1
        if line.starts(with: "traceparent:") {
            reader.addTraceParent(line.extracting(12..<line.count))
        } else if line.starts(with: "tracestate:") {
            reader.addTraceState(line.extracting(11..<line.count))
        } else if line.starts(with: "baggage:") {
            reader.addBaggage(line.extracting(8..<line.count))
        }
    }
    if let parent = reader.traceParent { check(parent) }
    check(reader.traceState)
    check(reader.baggage)
    return 0
}
