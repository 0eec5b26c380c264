import Glibc

/// An OTLP/HTTP receiver: counts the spans by a walk over the protobuf fields
/// (TracesData.resource_spans 1 > scope_spans 2 > spans 2), and log records and metrics, which lie
/// as deep, likewise; answers 200.
func runSink(_ options: inout Options) -> Int32 {
    let secondsMax = options.number("seconds-max", default: 900)
    let port = options.number("port", default: 0)
    options.finish()
    let sink = Sink()
    let server = Server(handler: sink, port: port)
    sink.server = server
    server.run(secondsMax: secondsMax)
    say(sink.statistics(connections: 0))
    return 0
}

private final class Sink: RequestHandler {
    weak var server: Server<Sink>?

    private let accepted = response(type: "application/x-protobuf", body: [])
    private let refused = Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8)
    private var requests = 0
    private var bytes = 0
    private var spans = 0
    private var logRecords = 0
    private var metrics = 0
    private var undecodable = 0

    func answer(
        _ head: UnsafeRawBufferPointer, _ parsed: HTTPHead, _ body: UnsafeRawBufferPointer,
        on connection: ServerConnection
    ) {
        requests += 1
        bytes += body.count
        guard !parsed.isEncoded, let count = countItems(body) else {
            undecodable += 1
            server?.send(refused, on: connection)
            return
        }
        if Self.isFor("/v1/logs", head) {
            logRecords += count
        } else if Self.isFor("/v1/metrics", head) {
            metrics += count
        } else {
            spans += count
        }
        server?.send(accepted, on: connection)
    }

    private static func isFor(_ path: StaticString, _ head: UnsafeRawBufferPointer) -> Bool {
        let offset = 5  // Behind "POST ".
        guard head.count > offset + path.utf8CodeUnitCount, let base = head.baseAddress else {
            return false
        }
        return memcmp(base + offset, path.utf8Start, path.utf8CodeUnitCount) == 0
    }

    func work() -> UInt64? { nil }

    func statistics(connections: Int) -> String {
        """
        {"spans":\(spans),"logs":\(logRecords),"metrics":\(metrics),\
        "requests":\(requests),"bytes":\(bytes),"undecodable":\(undecodable),\
        "connections":\(connections)}
        """
    }
}

/// The spans, log records or metrics of an export request, or nil where it is malformed.
private func countItems(_ bytes: UnsafeRawBufferPointer) -> Int? {
    countFields([1, 2, 2][...], bytes)
}

/// How many length-delimited fields lie at the path of field numbers; nil for malformed bytes.
private func countFields(_ path: ArraySlice<UInt64>, _ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let wanted = path.first else { return 1 }
    var count = 0
    var at = 0
    while at < bytes.count {
        guard let key = varint(bytes, &at) else { return nil }
        var length: UInt64 = 0
        switch key & 7 {
        case 0: guard varint(bytes, &at) != nil else { return nil }
        case 1: length = 8
        case 5: length = 4
        case 2:
            guard let stated = varint(bytes, &at) else { return nil }
            length = stated
        default: return nil
        }
        guard length <= UInt64(bytes.count - at) else { return nil }
        if key >> 3 == wanted, key & 7 == 2 {
            let inner = UnsafeRawBufferPointer(rebasing: bytes[at..<at + Int(length)])
            guard let found = countFields(path.dropFirst(), inner) else { return nil }
            count += found
        }
        at += Int(length)
    }
    return count
}

private func varint(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while at < bytes.count, shift < 64 {
        let byte = bytes[at]
        at += 1
        value |= UInt64(byte & 0x7f) << shift
        if byte < 0x80 { return value }
        shift += 7
    }
    return nil
}
