// What a server of Redis might send, cut into pieces by the input's first bytes, goes through the
// reply reader: it never traps, what it reads does not depend on the pieces, and what it hands out
// is within its limits. Built by script/fuzz.

import Bytes
import Redis

/// Bytes of a reply.
private let bytesMax = 3000

private struct Outcome: Equatable {
    var replies: [[UInt8]] = []
    var error: RedisError.Kind?
}

/// A reply as bytes that differ where it does.
private func describe(_ reply: borrowing RedisReply) -> [UInt8] {
    var result: [UInt8] = []
    func add(_ kind: RedisReply.Kind, _ number: Int) {
        result += Array("\(kind) \(number) ".utf8)
    }
    func visit(_ element: RedisReply.Element) {
        add(reply.kind(of: element), reply.number(of: element))
        let range = reply.range(of: element)
        for index in range { result.append(reply.storage[index]) }
        var count = 0
        var parts = reply.elements(of: element)
        while let part = parts.next(in: reply) {
            count += 1
            visit(part)
        }
        if reply.kind(of: element) == .array { precondition(count == reply.number(of: element)) }
    }
    add(reply.kind, reply.number)
    precondition(reply.storage.count <= bytesMax, "a reply is over the limit")
    if let error = reply.error {
        precondition(!error.code.isEmpty && error.code.utf8.count <= 32)
        precondition(error.code.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    }
    if reply.kind == .array {
        var parts = reply.elements
        while let part = parts.next(in: reply) { visit(part) }
    } else {
        for index in reply.bytes.indices { result.append(reply.bytes[index]) }
    }
    return result
}

private func read(_ bytes: [UInt8], steps: [Int]) -> Outcome {
    let reader = ReplyReader(bytesMax: bytesMax)
    var result = Outcome()
    var offset = 0
    var step = 0
    while offset < bytes.count {
        let end = min(bytes.count, offset + steps[step % steps.count])
        step += 1
        precondition(reader.feed(bytes.span.extracting(offset..<end)))
        offset = end
        reading: while true {
            switch reader.next() {
            case .more: break reading
            case .failed(let error):
                result.error = error.kind
                return result
            case .reply(let reply): result.replies.append(describe(reply))
            }
        }
    }
    return result
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRedisReply(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard bytes.count > 3 else { return 0 }
    let steps = bytes[0..<3].map { Int($0) + 1 }
    let stream = Array(bytes[3...])
    let whole = read(stream, steps: [stream.count + 1])
    let pieces = read(stream, steps: steps)
    precondition(pieces.replies == whole.replies || pieces.error != nil || whole.error != nil)
    // A reply that is waited for can be over the limit before it turns out to be malformed, and
    // the other way round: what came before is the same.
    precondition((pieces.error == nil) == (whole.error == nil), "an error depends on the pieces")
    precondition(pieces.replies == whole.replies, "what is read depends on the pieces")
    return 0
}
