import Bytes

/// The fragments of a stream's content by what they make up: made in one pass over them when the
/// stream has ended, so that a hostile stream of many small pieces costs no more than its length.
struct ContentIndex {
    /// Fragments of one text, in the order in which they came: `next` leads from one to another.
    private struct Text {
        let first: Int
        var last: Int
    }

    private var texts: [UInt64: Text] = [:]
    /// For each fragment the one that goes on with its text, or -1.
    private var next: [Int]
    private var calls: [UInt16: [UInt16]] = [:]
    /// The items of a response in the order in which they first occurred.
    private(set) var items: [UInt16] = []

    init(_ content: borrowing CapturedContent) {
        next = Array(repeating: -1, count: content.fragments.count)
        var isCall: Set<UInt32> = []
        var isItem: Set<UInt16> = []
        for index in content.fragments.indices {
            let fragment = content.fragments[index]
            let tool = fragment.tool
            if isItem.insert(tool).inserted { items.append(tool) }
            if fragment.kind != .item, content.wholeItems.contains(tool) { continue }
            if let before = texts[fragment.key]?.last {
                next[before] = index
                texts[fragment.key]?.last = index
            } else {
                texts[fragment.key] = Text(first: index, last: index)
            }
            if fragment.kind.isOfTool,
                isCall.insert(UInt32(fragment.choice) << 16 | UInt32(tool)).inserted
            {
                calls[fragment.choice, default: []].append(tool)
            }
        }
    }

    /// The tool calls of a choice in the order in which they first occurred.
    func calls(of choice: UInt16) -> [UInt16] { calls[choice] ?? [] }

    /// Puts the fragments of a text together; false where there are none. `reads` is raised by
    /// the fragments that were looked at.
    func gather(
        _ content: borrowing CapturedContent, _ choice: UInt16, _ kind: CapturedContent.Kind,
        _ tool: UInt16 = 0, reads: inout Int, into buffer: inout ByteBuffer
    ) -> Bool {
        buffer.removeAll()
        var index = first(kind, choice, tool) ?? -1
        while index >= 0 {
            reads += 1
            buffer.append(content.text.bytes.extracting(content.fragments[index].range))
            index = next[index]
        }
        return !buffer.isEmpty
    }

    /// The fragment that a text begins with; nil where nothing came of it.
    func first(_ kind: CapturedContent.Kind, _ choice: UInt16, _ tool: UInt16) -> Int? {
        texts[CapturedContent.Fragment.key(kind, choice, tool)]?.first
    }

    /// Whether an item of a response has a piece of a tool call.
    func hasCall(_ item: UInt16) -> Bool {
        let kinds: [CapturedContent.Kind] = [.toolID, .toolName, .toolArguments]
        return kinds.contains { first($0, 0, item) != nil }
    }
}
