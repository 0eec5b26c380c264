import Bytes
import HTTPServer

/// Answers of the gateway's own pages: whole, and never kept by a cache.
enum OwnPage {
    /// Sends `body`; `addFields` adds what the page has beside the usual fields.
    static func send(
        _ body: borrowing ByteBuffer, status: Int = 200, contentType: StaticString,
        on connection: HTTPConnection, _ addFields: () -> Void = {}
    ) {
        connection.startHead(status: status)
        connection.addDate()
        connection.addField("content-type", contentType)
        connection.addField("cache-control", "no-store")
        addFields()
        connection.finishHead(.length(body.count))
        connection.write(body.bytes)
        connection.flush()
        connection.endResponse()
    }
}
