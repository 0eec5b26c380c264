import CYAML

extension YAMLNode {
    /// Reads the one document of a text; nil: there is none, or only comments.
    package static func parse(
        _ text: [UInt8], limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> YAMLNode? {
        guard text.count <= limits.bytesMax else {
            throw YAMLError(
                position: YAMLPosition(line: 1, column: 1),
                reason: "the file has \(text.count) bytes; \(limits.bytesMax) are allowed")
        }
        // SAFETY: the builder, and with it libyaml's parser, ends inside the closure.
        return unsafe try text.withUnsafeBufferPointer { bytes throws(YAMLError) in
            var builder = unsafe YAMLBuilder(bytes, limits: limits)
            return try builder.document()
        }
    }
}

/// Makes a tree of libyaml's events.
@safe
private struct YAMLBuilder: ~Copyable {
    private var parser: YAMLParser
    private let text: UnsafeBufferPointer<UInt8>
    private let limits: YAMLLimits
    private var nodes = 0

    init(_ text: UnsafeBufferPointer<UInt8>, limits: YAMLLimits) {
        // SAFETY: the caller keeps the text for as long as this builder.
        unsafe self.text = text
        unsafe parser = YAMLParser(text)
        self.limits = limits
    }

    mutating func document() throws(YAMLError) -> YAMLNode? {
        try advance()
        try advance()
        guard parser.kind == YAML_DOCUMENT_START_EVENT else { return nil }
        if parser.hasDirectives {
            throw refuse("has directives (%YAML, %TAG); they are not used here")
        }
        try advance()
        let root = try node(depth: 1)
        try advance()
        try advance()
        guard parser.kind == YAML_STREAM_END_EVENT else {
            throw refuse("a second document begins here; there can be one only")
        }
        return root
    }

    /// The node that begins with the last event; stops at the event that ends it.
    private mutating func node(depth: Int) throws(YAMLError) -> YAMLNode {
        let position = parser.position
        nodes += 1
        if nodes > limits.nodesMax { throw refuse("more than \(limits.nodesMax) values") }
        if parser.kind == YAML_ALIAS_EVENT {
            throw refuse("an alias (`*`); aliases are not used here, repeat the value")
        }
        if parser.hasAnchor {
            throw refuse("an anchor (`&`); anchors are not used here, repeat the value")
        }
        let tag = parser.tag
        let content: YAMLNode.Content
        switch parser.kind {
        case YAML_SEQUENCE_START_EVENT:
            try checkDepth(depth)
            content = .sequence(try sequence(depth: depth + 1))
        case YAML_MAPPING_START_EVENT:
            try checkDepth(depth)
            content = .mapping(try mapping(depth: depth + 1))
        default:
            content = .scalar(parser.text, isPlain: parser.isPlain)
        }
        return YAMLNode(content: content, tag: tag, position: position)
    }

    private mutating func sequence(depth: Int) throws(YAMLError) -> [YAMLNode] {
        var items: [YAMLNode] = []
        try advance()
        while parser.kind != YAML_SEQUENCE_END_EVENT {
            items.append(try node(depth: depth))
            try advance()
        }
        return items
    }

    private mutating func mapping(depth: Int) throws(YAMLError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        try advance()
        while parser.kind != YAML_MAPPING_END_EVENT {
            let key = try node(depth: depth)
            guard case .scalar(let name, let isPlain) = key.content, key.tag == nil else {
                throw YAMLError(position: key.position, reason: "a key must be a plain word")
            }
            if name == "<<", isPlain {
                throw YAMLError(
                    position: key.position,
                    reason: "a merge key (`<<`); merging is not used here, repeat the values")
            }
            try advance()
            let value = try node(depth: depth)
            entries.append(.init(key: name, keyPosition: key.position, value: value))
            try advance()
        }
        return entries
    }

    private func checkDepth(_ depth: Int) throws(YAMLError) {
        if depth > limits.depthMax { throw refuse("nested deeper than \(limits.depthMax) levels") }
    }

    private mutating func advance() throws(YAMLError) {
        guard parser.next() else { throw syntaxError() }
    }

    private func refuse(_ reason: String) -> YAMLError {
        YAMLError(position: parser.position, reason: reason)
    }

    private func syntaxError() -> YAMLError {
        let problem = parser.problem
        if let offset = problem.offset {
            return YAMLError(position: position(ofByte: offset), reason: problem.reason)
        }
        if isTab(at: problem.position) {
            return YAMLError(
                position: problem.position, reason: "a tab; indentation is made of spaces")
        }
        return YAMLError(position: problem.position, reason: problem.reason)
    }

    /// The place of a byte offset; columns count the bytes that begin a character.
    private func position(ofByte offset: Int) -> YAMLPosition {
        var line = 1
        var column = 1
        // SAFETY: the indices are below `count`.
        for index in unsafe 0..<min(offset, text.count) {
            let byte = unsafe text[index]
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return YAMLPosition(line: line, column: column)
    }

    private func isTab(at wanted: YAMLPosition) -> Bool {
        var position = YAMLPosition(line: 1, column: 1)
        // SAFETY: the index is one of the buffer's.
        for index in unsafe text.indices {
            let byte = unsafe text[index]
            if position == wanted { return byte == UInt8(ascii: "\t") }
            if byte == UInt8(ascii: "\n") {
                position = YAMLPosition(line: position.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {
                position = YAMLPosition(line: position.line, column: position.column + 1)
            }
        }
        return false
    }
}
