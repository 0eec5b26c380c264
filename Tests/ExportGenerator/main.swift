// Prints export requests made of random spans for a decoder that is not ours.
//
//   ExportGenerator SEED COUNT
//
// For each: the request as protobuf, the same as JSON, and what it is to say (`ExpectedExport`),
// each behind its length in four bytes, the least significant first.

import Bytes
import Foundation
import OTLP
import Telemetry

/// SplitMix64: the same numbers for the same seed on every machine.
struct Numbers {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

func put(_ block: borrowing ByteBuffer) {
    var output = ByteBuffer(capacity: block.count + 4)
    output.append(low: 4, of: UInt64(block.count))
    output.append(block.bytes)
    let bytes = output.bytes
    bytes.withUnsafeBufferPointer { FileHandle.standardOutput.write(Data($0)) }
}

let arguments = CommandLine.arguments.dropFirst().map { UInt64($0) }
guard arguments.count == 2, let seed = arguments[0], let count = arguments[1] else {
    FileHandle.standardError.write(Data("usage: ExportGenerator SEED COUNT\n".utf8))
    exit(2)
}
var numbers = Numbers(state: seed)
for _ in 0..<count {
    let length = Int(numbers.next() % 400)
    let export = RandomExport(choosing: (0..<length).map { _ in UInt8(numbers.next() >> 56) })
    var json = ByteBuffer()
    precondition(JSONTranscoder.transcode(export.encoded.bytes, of: .traces, into: &json))
    var expected = ByteBuffer()
    export.expected.append(to: &expected)
    put(export.encoded)
    put(json)
    put(expected)
}
