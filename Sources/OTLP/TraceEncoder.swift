import Bytes
import Telemetry

/// One encoded span.
package struct EncodedSpan {
    fileprivate let block: SharedBlock
    fileprivate let range: Range<Int>
    /// Message content is in it or in a span of the same request.
    fileprivate let mayHaveContent: Bool
}

/// Puts encoded spans together as `ExportTraceServiceRequest` (opentelemetry-proto v1.11.0).
package struct TraceEncoder: BatchEncoder {
    private let resource: ExportResource

    /// An encoder of spans of `resource`.
    package init(resource: ExportResource) {
        self.resource = resource
    }

    /// Traces.
    package var signal: Signal { .traces }

    /// Appends the spans of a request.
    package func append(itemsOf entry: EncodedSpans, to items: inout [EncodedSpan]) {
        entry.block.withBytes(entry.range) { bytes in
            var start = 0
            while start < bytes.count {
                let end = WireAttribute.end(ofFieldAt: start, in: bytes)
                let lower = entry.range.lowerBound
                items.append(
                    EncodedSpan(
                        block: entry.block, range: lower + start..<lower + end,
                        mayHaveContent: entry.hasContent))
                start = end
            }
        }
    }

    /// Whether the span holds message content.
    package func hasContent(_ item: EncodedSpan) -> Bool {
        item.mayHaveContent && item.block.withBytes(item.range, ContentReduction.hasContent)
    }

    /// Appends a request with the leading `items` that fit.
    package func encode(
        _ items: ArraySlice<EncodedSpan>, content: ContentMode, bytesMax: Int,
        into output: inout ByteBuffer
    ) -> Int {
        resource.encode(items, bytesMax: bytesMax, into: &output) { item, writer in
            guard content != .full, item.mayHaveContent else {
                return item.block.append(item.range, to: &writer.buffer)
            }
            item.block.withBytes(item.range) {
                ContentReduction.append($0, content, to: &writer)
            }
        }
    }
}
