// A connection's bytes go through the request parser whole, a byte at a time and in random pieces:
// it never traps, and what it answers does not depend on the pieces. Built by script/fuzz.

import Bytes
import HTTP1

/// What came out of one run, in a form that is cheap to compare.
struct Outcome: Equatable {
    /// Everything that was answered, in order (FNV-1a).
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    var requestCount = 0
    var bodyBytes = 0
    var error: HTTP1ParseError?

    mutating func add(_ value: Int) {
        hash = (hash ^ UInt64(bitPattern: Int64(value))) &* 0x100_0000_01B3
    }

    mutating func add(_ range: Range<Int>?) {
        add(range?.lowerBound ?? -1)
        add(range?.upperBound ?? -1)
    }
}

/// How the bytes arrive.
enum Pieces {
    case whole
    case single
    case random(UInt64)

    mutating func next() -> Int {
        switch self {
        case .whole: return .max
        case .single: return 1
        case .random(let state):
            let next = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            self = .random(next)
            // Mostly small pieces, now and then a large one.
            return 1 + Int(next >> 60 == 0 ? next >> 50 & 1023 : next >> 58 & 15)
        }
    }
}

struct Connection: ~Copyable {
    var parser: HTTP1RequestParser
    var position = 0
    var isInBody = false
    var outcome = Outcome()

    init(_ limits: HTTP1Limits) {
        parser = HTTP1RequestParser(limits: limits)
    }

    mutating func receive(_ bytes: Span<UInt8>) throws(HTTP1ParseError) {
        while true {
            if !isInBody {
                let rest = bytes.extracting(position..<bytes.count)
                guard let length = try parser.parseHead(rest) else { return }
                precondition(length >= 16 && length <= rest.count)
                checkHead(rest.extracting(0..<length))
                position += length
                isInBody = true
                try parser.limitBody(to: 1 << 20)
            }
            let rest = bytes.extracting(position..<bytes.count)
            let step = try parser.parseBody(rest)
            precondition(step.consumed >= 0 && step.consumed <= rest.count)
            precondition(step.data.lowerBound >= 0 && step.data.upperBound <= step.consumed)
            for index in step.data { outcome.add(Int(rest[index])) }
            outcome.bodyBytes += step.data.count
            position += step.consumed
            if step.isComplete {
                outcome.requestCount += 1
                outcome.add(position)
                parser.reset()
                isInBody = false
                if position == bytes.count { return }
            } else if step.consumed == 0 {
                return
            }
        }
    }

    /// Every offset lies within the head, and no value could begin another line.
    private mutating func checkHead(_ bytes: Span<UInt8>) {
        let head = parser.head
        precondition(HTTPSyntax.isToken(bytes.extracting(head.methodName)))
        for range in [head.target, head.path, head.query, head.host] {
            outcome.add(range)
            if let range { precondition(HTTPSyntax.isFieldValue(bytes.extracting(range))) }
        }
        precondition(head.minorVersion == 0 || head.host != nil)
        for field in head.fields {
            precondition(HTTPSyntax.isToken(bytes.extracting(field.name)))
            precondition(HTTPSyntax.isFieldValue(bytes.extracting(field.value)))
            outcome.add(field.name)
            outcome.add(field.value)
            outcome.add(
                Int(field.known.rawValue) << 1 | (head.isHopByHop(field, in: bytes) ? 1 : 0))
        }
        switch head.framing {
        case .none: outcome.add(0)
        case .length(let length):
            precondition(length > 0)
            outcome.add(length)
        case .chunked: outcome.add(-1)
        }
        for flag in [
            head.keepsAlive, head.expectsContinue, head.wantsUpgrade, head.targetIsConforming,
        ] { outcome.add(flag ? 1 : 0) }
    }
}

func outcome(of bytes: [UInt8], _ pieces: Pieces, _ limits: HTTP1Limits) -> Outcome {
    var connection = Connection(limits)
    var pieces = pieces
    var end = 0
    do {
        repeat {
            let piece = pieces.next()
            end = piece < bytes.count - end ? end + piece : bytes.count
            try connection.receive(bytes.span.extracting(0..<end))
        } while end < bytes.count
    } catch {
        connection.outcome.error = error
        precondition(error.offset >= 0)
        precondition((400...505).contains(error.status))
    }
    return connection.outcome
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var seed: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { seed = (seed ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var limits = HTTP1Limits()
    if seed & 1 == 1 {
        limits.requestLineBytesMax = 64
        limits.headerBytesMax = 256
        limits.headerFieldsMax = 8
        limits.chunkExtensionBytesMax = 8
        limits.chunkExtensionBytesTotalMax = 24
        limits.trailerBytesMax = 32
    }
    let whole = outcome(of: bytes, .whole, limits)
    precondition(outcome(of: bytes, .single, limits) == whole, "a byte at a time differs")
    precondition(outcome(of: bytes, .random(seed), limits) == whole, "random pieces differ")
    return 0
}
