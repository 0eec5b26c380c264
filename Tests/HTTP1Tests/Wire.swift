import Bytes
import HTTP1

/// What a parser made of one request.
struct ParsedRequest: Equatable, CustomStringConvertible {
    var method = ""
    var path = ""
    var query: String?
    var host: String?
    var minorVersion = 1
    var framing = RequestHead.Framing.none
    var flags: [String] = []
    var fields: [String] = []
    var body = ""
    var isComplete = false

    var description: String {
        var text = "\(method) \(path)"
        if let query { text += " ?\(query)" }
        text += " 1.\(minorVersion) \(framing) [\(flags.joined(separator: " "))]"
        if isComplete { text += " '\(body)'" }
        return text
    }
}

/// What a parser made of a connection's bytes: whole requests, then at most one error.
struct Transcript: Equatable {
    var requests: [ParsedRequest] = []
    var error: HTTP1ParseError?

    /// The requests, one a line, and the error's cause.
    var summary: String {
        var lines = requests.map(\.description)
        if let error { lines.append("\(error.cause) \(error.status) @\(error.offset)") }
        return lines.joined(separator: "\n")
    }
}

/// Feeds `wire` to one parser as a connection would, in pieces that end at `cuts` and at the end.
func transcript(
    of wire: [UInt8], cuts: [Int] = [], limits: HTTP1Limits = HTTP1Limits(),
    bodyBytesMax: Int = .max
) -> Transcript {
    var result = Transcript()
    var parser = HTTP1RequestParser(limits: limits)
    var position = 0
    var head: Range<Int>?
    func step(_ end: Int) throws(HTTP1ParseError) {
        while true {
            if head == nil {
                guard let length = try parser.parseHead(wire.span.extracting(position..<end))
                else { return }
                precondition(length > 0 && length <= end - position)
                head = position..<position + length
                result.requests.append(describe(parser.head, wire.span.extracting(head!)))
                position += length
                try parser.limitBody(to: bodyBytesMax)
            }
            let step = try parser.parseBody(wire.span.extracting(position..<end))
            precondition(step.consumed <= end - position)
            precondition(step.data.upperBound <= step.consumed)
            let data = wire.span.extracting(position..<end).extracting(step.data)
            result.requests[result.requests.count - 1].body += String(decoding: data)
            position += step.consumed
            if step.isComplete {
                result.requests[result.requests.count - 1].isComplete = true
                parser.reset()
                head = nil
                if position == end { return }
            } else if step.consumed == 0 {
                return
            }
        }
    }
    do {
        for end in cuts + [wire.count] { try step(end) }
    } catch {
        result.error = error
    }
    return result
}

private func describe(_ head: RequestHead, _ bytes: Span<UInt8>) -> ParsedRequest {
    var request = ParsedRequest()
    request.method = String(decoding: bytes.extracting(head.methodName))
    request.path = String(decoding: bytes.extracting(head.path))
    request.query = head.query.map { String(decoding: bytes.extracting($0)) }
    request.host = head.host.map { String(decoding: bytes.extracting($0)) }
    request.minorVersion = head.minorVersion
    request.framing = head.framing
    if head.keepsAlive { request.flags.append("keep") }
    if head.expectsContinue { request.flags.append("expect") }
    if head.wantsUpgrade { request.flags.append("upgrade") }
    if !head.targetIsConforming { request.flags.append("odd") }
    for field in head.fields {
        let name = String(decoding: bytes.extracting(field.name))
        let value = String(decoding: bytes.extracting(field.value))
        request.fields.append(name + "=" + value + (head.isHopByHop(field, in: bytes) ? "!" : ""))
    }
    return request
}

/// The transcript, where it is the same however the bytes are cut: at each offset, at each pair of
/// neighbours, and a byte at a time. Else the first one that differs.
func transcriptOfAllCuts(
    _ wire: [UInt8], limits: HTTP1Limits = HTTP1Limits(), bodyBytesMax: Int = .max
) -> (whole: Transcript, differing: String?) {
    let whole = transcript(of: wire, limits: limits, bodyBytesMax: bodyBytesMax)
    var all = [Array(0..<wire.count)]
    for cut in 0..<wire.count {
        all.append([cut])
        all.append([cut, min(cut + 1, wire.count)])
    }
    for cuts in all {
        let other = transcript(of: wire, cuts: cuts, limits: limits, bodyBytesMax: bodyBytesMax)
        if other != whole { return (whole, "cut at \(cuts.prefix(2)): \(other.summary)") }
    }
    return (whole, nil)
}
