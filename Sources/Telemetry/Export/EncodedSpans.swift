import Bytes

/// The spans of a request as they go out on the wire, in memory that they share with others.
package struct EncodedSpans: ExportEntry {
    /// Where they lie.
    package let block: SharedBlock
    /// Their place in it: `Span` messages, each as a field of what will be around them.
    package let range: Range<Int>
    /// Spans there are.
    package let itemCount: Int
    /// Message content is among them.
    package let hasContent: Bool

    /// `range` of `block` holds `itemCount` spans; `hasContent`: with message content.
    package init(_ block: SharedBlock, _ range: Range<Int>, itemCount: Int, hasContent: Bool) {
        self.block = block
        self.range = range
        self.itemCount = itemCount
        self.hasContent = hasContent
    }

    /// What they hold in memory, in bytes.
    package var byteCount: Int { range.count }
}
