/// A place in the text, both 1-based; columns count characters.
package struct YAMLPosition: Sendable, Hashable {
    /// From 1.
    package let line: Int
    /// From 1.
    package let column: Int

    /// Both from 1.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A value of a YAML document with the place it begins at.
///
/// A deliberate part of YAML 1.1: one document, no anchors, aliases, merge keys or directives,
/// keys are scalars. Scalars stay text; what they mean is the reader's business.
package struct YAMLNode: Sendable, Equatable {
    /// What the value is.
    package enum Content: Sendable, Equatable {
        /// `isPlain`: written without quotes or a block indicator, so that `true` is not text.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the file's order; keys can repeat.
        case mapping([Entry])
    }

    /// One `key: value`.
    package struct Entry: Sendable, Equatable {
        /// The key's text.
        package let key: String
        /// Where the key begins.
        package let keyPosition: YAMLPosition
        /// A null scalar where nothing was written.
        package let value: YAMLNode
    }

    /// The value.
    package let content: Content
    /// The explicit tag, resolved: `!secret`, `tag:yaml.org,2002:str`.
    package let tag: String?
    /// Where the value begins.
    package let position: YAMLPosition

    /// A node that was not parsed, for tests.
    package init(content: Content, tag: String? = nil, position: YAMLPosition) {
        self.content = content
        self.tag = tag
        self.position = position
    }

    /// A plain `null`, `~` or nothing at all.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content, tag == nil else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }
}

/// Why a text is refused: the first thing wrong with it.
package struct YAMLError: Error, Sendable, Equatable {
    /// Where reading stopped.
    package let position: YAMLPosition
    /// A sentence without full stop.
    package let reason: String
}

/// What a text may cost.
package struct YAMLLimits: Sendable {
    /// Bytes of the text.
    package var bytesMax = 1 << 20
    /// Mappings and sequences within each other.
    package var depthMax = 32
    /// Scalars, sequences and mappings together.
    package var nodesMax = 100_000

    /// The defaults, ample for a configuration.
    package init() {}
}
