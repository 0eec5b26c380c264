import W3CTraceContext

/// The spans of one trace in the order of a walk through their tree: each behind its parent,
/// siblings in order of start.
package struct SpanForest {
    /// A span and how far below a root it stands.
    package struct Node {
        /// The span.
        package let span: SpanRecord
        /// 0 for a root; the next node is one deeper at most.
        package let depth: Int
    }

    /// Levels that are told apart; what is deeper stands on the last one. A caller that uses the
    /// gateway again and again in one trace can nest as deep as it likes.
    package static let depthMax = 32

    /// The spans in order.
    package private(set) var nodes: [Node] = []
    /// There were more than `spansMax` spans.
    package let isCut: Bool

    /// `traces` hold spans of the same trace; at most `spansMax` of them are taken.
    package init(_ traces: [FinishedTrace], spansMax: Int) {
        var spans: [SpanRecord] = []
        var total = 0
        for trace in traces {
            total += trace.spanCount
            var span = trace.firstSpan
            while let current = span, spans.count < spansMax {
                spans.append(current)
                span = current.next
            }
        }
        isCut = total > spans.count
        spans.sort { $0.startTime < $1.startTime }
        let known = Set(spans.map(\.context.spanID))
        var children: [SpanID: [SpanRecord]] = [:]
        var roots: [SpanRecord] = []
        for span in spans {
            switch span.parent {
            case .local(let id) where known.contains(id), .remote(let id) where known.contains(id):
                children[id, default: []].append(span)
            default: roots.append(span)
            }
        }
        walk(roots, &children)
        // Parents in a circle, which only a caller's ids could make, have no root: each is shown.
        for span in spans where children[span.context.spanID] != nil {
            walk(children.removeValue(forKey: span.context.spanID) ?? [], &children)
        }
    }

    private mutating func walk(_ roots: [SpanRecord], _ children: inout [SpanID: [SpanRecord]]) {
        var waiting = roots.reversed().map { Node(span: $0, depth: 0) }
        while let node = waiting.popLast() {
            nodes.append(node)
            let below = children.removeValue(forKey: node.span.context.spanID) ?? []
            let depth = min(node.depth + 1, Self.depthMax)
            for span in below.reversed() { waiting.append(Node(span: span, depth: depth)) }
        }
    }
}
