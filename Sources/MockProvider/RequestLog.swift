import Bytes
import HTTP1
import HTTPServer
import JSON

/// A request as it arrived.
package struct ReceivedRequest {
    /// `POST`, ...
    package let method: String
    /// Path and query as they were sent.
    package let target: String
    /// Field lines in their order, names as they were sent.
    package let headers: [(name: String, value: String)]
    /// The body, cut at `RequestLog.bodyBytesMax`.
    package let body: [UInt8]

    /// The values of the fields with that name, which is in lower case.
    package func values(of name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name }.map(\.value)
    }
}

/// The last requests that arrived, the oldest first.
package struct RequestLog {
    /// Requests that are kept.
    package static let requestsMax = 32
    /// Bytes that are kept of a body.
    package static let bodyBytesMax = 1 << 20

    /// What is kept.
    package private(set) var entries: [ReceivedRequest] = []
    /// Requests that ever arrived.
    package private(set) var count = 0

    mutating func append(_ connection: HTTPConnection) {
        let head = connection.parser.head
        let entry = connection.withHead { bytes in
            ReceivedRequest(
                method: "\(head.method.name)",
                target: String(decoding: bytes.extracting(head.target)),
                headers: head.fields.map { field in
                    (
                        name: String(decoding: bytes.extracting(field.name)),
                        value: String(decoding: bytes.extracting(field.value))
                    )
                },
                body: connection.body.withBytes { body in
                    (0..<min(body.count, Self.bodyBytesMax)).map { body[$0] }
                })
        }
        count += 1
        entries.append(entry)
        if entries.count > Self.requestsMax { entries.removeFirst() }
    }

    mutating func removeAll() {
        entries.removeAll()
    }

    /// Appends an array of objects: method, target, headers as pairs, the body as text, where it
    /// is UTF-8, and exactly as base64.
    func write(to buffer: inout ByteBuffer) {
        buffer.append("[")
        for (index, entry) in entries.enumerated() {
            buffer.append(index > 0 ? ",\n" : "\n")
            buffer.append(#"{"method":"#)
            buffer.append(jsonString: entry.method)
            buffer.append(#","target":"#)
            buffer.append(jsonString: entry.target)
            buffer.append(#","headers":["#)
            for (index, header) in entry.headers.enumerated() {
                buffer.append(index > 0 ? ",[" : "[")
                buffer.append(jsonString: header.name)
                buffer.append(",")
                buffer.append(jsonString: header.value)
                buffer.append("]")
            }
            buffer.append(#"],"body":"#)
            buffer.append(jsonString: entry.body.span)
            buffer.append(#","body_base64":""#)
            buffer.append(base64: entry.body.span)
            buffer.append(#""}"#)
        }
        buffer.append("\n]\n")
    }
}
