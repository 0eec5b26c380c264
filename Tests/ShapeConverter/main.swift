// Turns answers from one shape into the other for a client that is not ours.
//
//   ShapeConverter chat|completions|responses
//
// Reads answers, each behind its length in four bytes, the least significant first, and writes as
// many: of a stream the plain answer, or the reason why there is none after a "!"; of a plain
// answer the stream that tells of usage, or "!".

import Bytes
import Foundation
import JSON
import OpenAIAPI

func put(_ block: borrowing ByteBuffer) {
    var output = ByteBuffer(capacity: block.count + 4)
    output.append(low: 4, of: UInt64(block.count))
    output.append(block.bytes)
    let bytes = output.bytes
    bytes.withUnsafeBufferPointer { FileHandle.standardOutput.write(Data($0)) }
}

func replay(_ plain: Span<UInt8>, _ endpoint: Endpoint, scanner: inout JSONScanner) throws -> Bool {
    try scanner.scan(plain)
    guard
        var replay = AnswerReplay(
            scanner.document(plain), endpoint: endpoint, includesUsage: true)
    else { return false }
    var output = ByteBuffer()
    while replay.next(plain, into: &output) {}
    put(output)
    return true
}

func assemble(_ stream: Span<UInt8>, _ endpoint: Endpoint, scanner: inout JSONScanner) {
    var reader = StreamReader(endpoint: endpoint)
    reader.assembly = AnswerAssembly(endpoint: endpoint, bytesMax: 1 << 20)
    reader.read(stream, scanner: &scanner)
    var output = ByteBuffer()
    do throws(AssemblyError) {
        _ = try reader.assembly?.finish(to: &output)
    } catch {
        output.append("!")
        output.append(error.name)
    }
    put(output)
}

let endpoints: [String: Endpoint] = [
    "chat": .chatCompletions, "completions": .completions, "responses": .responses,
]
guard CommandLine.arguments.count == 2, let endpoint = endpoints[CommandLine.arguments[1]] else {
    FileHandle.standardError.write(Data("usage: ShapeConverter chat|completions|responses\n".utf8))
    exit(2)
}
var input = [UInt8](FileHandle.standardInput.readDataToEndOfFile())[...]
var scanner = JSONScanner()
while input.count >= 4 {
    let length = input.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    let answer = Array(input.dropFirst(4).prefix(length))
    input = input.dropFirst(4 + length)
    if answer.first != UInt8(ascii: "{") {
        assemble(answer.span, endpoint, scanner: &scanner)
    } else if try !replay(answer.span, endpoint, scanner: &scanner) {
        var nothing = ByteBuffer()
        nothing.append("!")
        put(nothing)
    }
}
