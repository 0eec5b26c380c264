import Bytes
import JSON
import OpenAIAPI

/// Memory of a worker that its calls use in turn: nothing of it is held between two events.
package final class Workbench {
    package var scanner: JSONScanner
    /// A copy of the piece at hand: the scanner reads past the end of what it is given, which
    /// only a buffer of ours allows.
    var piece = ByteBuffer(capacity: 16 << 10)
    /// What of the piece goes on to the client.
    var output = ByteBuffer(capacity: 16 << 10)

    package init(depthMax: Int) {
        scanner = JSONScanner(depthMax: depthMax)
    }
}

/// Reads an upstream's answer beside the relay.
enum AnswerTap: ~Copyable {
    /// Nobody reads it: not a call of a model, or encoded.
    case none
    /// A JSON answer, kept to be read at its end; at most so many bytes.
    case plain(ByteBuffer, bytesMax: Int)
    /// A stream that goes to the client as it is.
    case stream(StreamReader)
    /// A stream with usage the client has not asked for.
    case filtered(UsageFilter)

    /// Bytes of a plain answer that are read; a longer one is relayed and not understood.
    static let plainBytesMax = 16 << 20
    /// Bytes of an error's body that are read.
    static let errorBytesMax = 64 << 10

    /// The answer is a stream of events that is read.
    var isStream: Bool {
        switch self {
        case .none, .plain: false
        case .stream, .filtered: true
        }
    }
}

extension AnswerTap {
    /// Takes note of a piece of the body. The bytes for the client are in `bench.output` when it
    /// answers true; else they are the piece itself.
    mutating func take(_ bytes: Span<UInt8>, bench: Workbench) -> Bool {
        switch consume self {
        case .none:
            self = .none
            return false
        case .plain(var kept, let bytesMax):
            if kept.count + bytes.count <= bytesMax { kept.append(bytes) } else { kept.removeAll() }
            self = .plain(kept, bytesMax: kept.isEmpty ? 0 : bytesMax)
            return false
        case .stream(var reader):
            bench.hold(bytes)
            bench.piece.withBytes { reader.read($0, scanner: &bench.scanner) }
            self = .stream(reader)
            return false
        case .filtered(var filter):
            bench.hold(bytes)
            bench.output.removeAll()
            bench.piece.withBytes {
                filter.filter($0, into: &bench.output, scanner: &bench.scanner)
            }
            self = .filtered(filter)
            return true
        }
    }

    /// Puts what was held back into `bench.output`: the end of the stream, or where it was cut.
    mutating func finish(bench: Workbench) {
        bench.output.removeAll()
        switch consume self {
        case .filtered(var filter):
            filter.finish(into: &bench.output)
            self = .filtered(filter)
        case .none: self = .none
        case .plain(let kept, let bytesMax): self = .plain(kept, bytesMax: bytesMax)
        case .stream(let reader): self = .stream(reader)
        }
    }

    /// The stream has shown a part of the answer.
    var hasContent: Bool {
        switch self {
        case .none, .plain: false
        case .stream(let reader): reader.facts.hasContent
        case .filtered(let filter): filter.reader.facts.hasContent
        }
    }

    /// Where the stream stands, for closing one that was cut; nil for what is none.
    var position: SSEParser.Position? {
        switch self {
        case .none, .plain: nil
        case .stream(let reader): reader.position
        case .filtered(let filter): filter.reader.position
        }
    }

    /// Lends what the answer has said so far.
    func withFacts(
        endpoint: Endpoint, bench: Workbench, _ body: (borrowing AnswerFacts) -> Void
    ) {
        switch self {
        case .none: break
        case .plain(let kept, _):
            if kept.isEmpty { return }
            body(AnswerReader.read(kept.bytes, endpoint: endpoint, scanner: &bench.scanner))
        case .stream(let reader): body(reader.facts)
        case .filtered(let filter): body(filter.reader.facts)
        }
    }
}

extension Workbench {
    fileprivate func hold(_ bytes: Span<UInt8>) {
        piece.removeAll()
        piece.append(bytes)
    }
}
