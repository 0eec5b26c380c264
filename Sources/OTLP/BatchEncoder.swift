import Bytes
import Privacy
import Telemetry

/// How much of the message content a batch carries.
package enum ContentMode: Sendable, Equatable {
    /// As recorded.
    case full
    /// Strings inside it cut so that each attribute has at most so many bytes.
    case shortened(bytesMax: Int)
    case none
}

/// Makes export requests of one signal: the part of an exporter that knows what it exports.
package protocol BatchEncoder<Entry>: Sendable {
    /// What the signal's queue holds.
    associatedtype Entry: ExportEntry
    /// What a batch is counted in and may be split between: a span, a data point, a log record.
    associatedtype Item

    /// The signal.
    var signal: Signal { get }

    /// The fullest form of message content that is encoded; of no use where there is none.
    var contentForm: ContentForm { get set }

    /// Appends the items of `entry`, `entry.itemCount` of them.
    func append(itemsOf entry: Entry, to items: inout [Item])

    /// Whether the item holds message content that could be left out.
    func hasContent(_ item: Item) -> Bool

    /// Appends an `Export...ServiceRequest` as protobuf with the leading `items` that fit into
    /// `bytesMax` bytes, and answers how many they are. Zero: not even the first fits, and
    /// nothing is appended.
    func encode(
        _ items: ArraySlice<Item>, content: ContentMode, bytesMax: Int,
        into output: inout ByteBuffer
    ) -> Int
}

extension BatchEncoder {
    /// Nothing of what is encoded is message content.
    package var contentForm: ContentForm {
        get { .off }
        set {}
    }
}

/// Who sends the telemetry: encoded with every batch.
package struct ExportResource: Sendable {
    /// The conventions the attributes follow.
    package static let schemaURL = "https://opentelemetry.io/schemas/1.40.0"
    /// The name of the scope of everything that is sent.
    package static let scopeName = "martlet"

    /// Attributes by name; all values are text. `telemetry.sdk.*` is added.
    package let attributes: [(name: String, value: String)]
    /// The gateway's version: of the scope and of `telemetry.sdk.version`.
    package let version: String

    /// Of attributes with the same name the last one counts.
    package init(attributes: [(name: String, value: String)], version: String) {
        let own = [
            ("telemetry.sdk.name", "martlet"), ("telemetry.sdk.language", "swift"),
            ("telemetry.sdk.version", version),
        ]
        var unique: [(name: String, value: String)] = []
        for (name, value) in attributes + own {
            unique.removeAll { $0.name == name }
            unique.append((name, value))
        }
        self.attributes = unique
        self.version = version
    }

    /// Appends a request of any signal, which has the same frame in all three: one resource, one
    /// scope, and below it the leading `items` that fit into `bytesMax` bytes. `append` writes an
    /// item, as field 2. Answers how many items there are; for none nothing is appended.
    package func encode<Item>(
        _ items: ArraySlice<Item>, bytesMax: Int, into output: inout ByteBuffer,
        append: (Item, inout ProtobufWriter) -> Void
    ) -> Int {
        // Written where it is to stand: batches are large.
        var own = ByteBuffer()
        swap(&own, &output)
        let start = own.count
        own.reserve(min(bytesMax, 64 << 10))
        var writer = ProtobufWriter(into: own)
        defer { swap(&writer.buffer, &output) }
        // ResourceSpans, ResourceMetrics, ResourceLogs; then ScopeSpans and so on.
        let outer = writer.open(1, lengthBytes: 3)
        encodeAttributes(&writer)
        let inner = writer.open(2, lengthBytes: 3)
        let scope = writer.open(1)
        writer.field(1, string: Self.scopeName)
        writer.field(2, string: version)
        writer.close(scope)
        // Behind the items: two schema URLs, and the lengths of the two outer messages.
        let trailer = 2 * (Self.schemaURL.utf8.count + 2) + 16
        var encoded = 0
        for index in items.indices {
            let before = writer.buffer.count
            append(items[index], &writer)
            guard writer.buffer.count - start <= bytesMax - trailer else {
                writer.buffer.truncate(to: before)
                break
            }
            encoded += 1
        }
        guard encoded > 0 else {
            writer.buffer.truncate(to: start)
            return 0
        }
        writer.field(3, string: Self.schemaURL)
        writer.close(inner)
        writer.field(3, string: Self.schemaURL)
        writer.close(outer)
        return encoded
    }

    /// Writes the `Resource`, field 1 of what holds it.
    func encodeAttributes(_ writer: inout ProtobufWriter) {
        let message = writer.open(1)
        for attribute in attributes {
            AttributeWire.append(
                0x0A, attribute.name.utf8.span, text: attribute.value.utf8.span,
                to: &writer.buffer)
        }
        writer.close(message)
    }
}
