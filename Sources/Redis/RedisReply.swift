import Bytes

/// An answer of Redis: a value, or a tree of them laid out flat.
///
/// All strings of it lie in one buffer, which for a single string is the string itself.
package struct RedisReply: ~Copyable {
    /// What a part of an answer is (RESP2).
    package enum Kind: Sendable {
        /// A bulk string: any bytes.
        case string
        /// A simple string: `OK`.
        case status
        /// An error's text, which begins with its code.
        case error
        case integer
        /// No such value.
        case null
        case array
    }

    struct Node {
        var kind: Kind
        /// An integer's value, or how many elements an array has.
        var number = 0
        /// Where a string lies.
        var range = 0..<0
        /// The node behind this one and all that belongs to it.
        var next = 0
    }

    var root: Node
    /// An array's node and then those of its elements, each before what belongs to it.
    var nodes: ContiguousArray<Node> = []
    var buffer: ByteBuffer

    init(root: Node, nodes: ContiguousArray<Node> = [], buffer: consuming ByteBuffer) {
        self.root = root
        self.nodes = nodes
        self.buffer = buffer
    }

    /// What the whole answer is.
    package var kind: Kind { root.kind }
    /// An integer's value; how many elements an array has.
    package var number: Int { root.number }
    /// A string's, status's or error's bytes; empty for all others.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes.extracting(root.range) }
    }

    /// What an error reply says.
    package var error: RedisError? { root.kind == .error ? RedisError(reply: bytes) : nil }

    /// The bytes of an answer that is one string.
    package consuming func takeBytes() -> ByteBuffer { buffer }

    /// The status that `literal` says.
    package func isStatus(_ literal: StaticString) -> Bool {
        root.kind == .status && bytes.equals(literal)
    }

    /// An array's elements; none for anything else.
    package var elements: Elements { Elements(index: 1, left: nodes.isEmpty ? 0 : root.number) }

    /// A part of the answer, to be asked about with the answer at hand.
    package struct Element {
        let index: Int
    }

    /// Walks over an array: `while let element = elements.next(in: reply)`.
    package struct Elements {
        var index: Int
        /// Elements that were not taken yet.
        package fileprivate(set) var left: Int

        /// The next element.
        package mutating func next(in reply: borrowing RedisReply) -> Element? {
            guard left > 0 else { return nil }
            left -= 1
            defer { index = reply.nodes[index].next }
            return Element(index: index)
        }
    }

    /// What a part is.
    package func kind(of element: Element) -> Kind { nodes[element.index].kind }
    /// A part's number, as `number`.
    package func number(of element: Element) -> Int { nodes[element.index].number }
    /// A part's elements.
    package func elements(of element: Element) -> Elements {
        let node = nodes[element.index]
        return Elements(index: element.index + 1, left: node.kind == .array ? node.number : 0)
    }
    /// Where a part's bytes lie in `storage`.
    package func range(of element: Element) -> Range<Int> { nodes[element.index].range }
    /// All strings, one behind the other.
    package var storage: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes }
    }
    /// A copy of a part's bytes as text.
    package func text(of element: Element) -> String {
        String(decoding: buffer.bytes.extracting(nodes[element.index].range))
    }
}
