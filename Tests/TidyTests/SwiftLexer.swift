/// A lexical piece of a Swift file. Comments are no tokens; a literal's text is left out, while
/// the code inside its interpolations is not.
struct Token {
    enum Kind { case word, string, symbol }

    let kind: Kind
    let text: String
    /// From 1.
    let line: Int
    /// Stands right after the token before it.
    let touches: Bool
    let isFirstOnLine: Bool
}

/// Splits Swift into words, literals and single-character symbols: as much as house rules need.
struct SwiftLexer {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var tokens: [Token] = []
    private var end = -1

    private init(_ text: String) {
        bytes = Array(text.utf8)
    }

    static func tokens(of text: String) -> [Token] {
        var lexer = SwiftLexer(text)
        lexer.code(insideInterpolation: false)
        return lexer.tokens
    }

    private func peek(_ offset: Int = 0) -> UInt8 {
        position + offset < bytes.count ? bytes[position + offset] : 0
    }

    private func looking(at literal: StaticString, _ offset: Int = 0) -> Bool {
        literal.withUTF8Buffer { wanted in
            position + offset + wanted.count <= bytes.count
                && wanted.indices.allSatisfy { bytes[position + offset + $0] == wanted[$0] }
        }
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where position < bytes.count {
            if bytes[position] == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }
    }

    private mutating func add(_ kind: Token.Kind, _ text: String, from start: Int, line first: Int)
    {
        tokens.append(
            Token(
                kind: kind, text: text, line: first, touches: start == end,
                isFirstOnLine: tokens.last?.line != first))
        end = position
    }

    private mutating func code(insideInterpolation: Bool) {
        var depth = 0
        while position < bytes.count {
            let byte = peek()
            if byte == UInt8(ascii: ")") {
                if insideInterpolation, depth == 0 { return }
                depth -= 1
            } else if byte == UInt8(ascii: "(") {
                depth += 1
            }
            if byte <= 0x20 {
                advance()
            } else if looking(at: "//") {
                while position < bytes.count, peek() != UInt8(ascii: "\n") { advance() }
            } else if looking(at: "/*") {
                blockComment()
            } else if let hashes = hashesBeforeQuote() {
                string(hashes: hashes)
            } else {
                wordOrSymbol(byte)
            }
        }
    }

    private mutating func wordOrSymbol(_ byte: UInt8) {
        let start = position
        let first = line
        if byte == UInt8(ascii: "`") {
            advance()
            while position < bytes.count, peek() != byte { advance() }
            advance()
        } else {
            advance()
            let prefixed = byte == UInt8(ascii: "@") || byte == UInt8(ascii: "#")
            if Self.isWord(byte) || prefixed {
                while Self.isWord(peek()) { advance() }
            }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let isWord = position - start > 1 || Self.isWord(byte)
        add(isWord ? .word : .symbol, text, from: start, line: first)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if looking(at: "/*") {
                depth += 1
                advance(2)
            } else if looking(at: "*/") {
                depth -= 1
                advance(2)
            } else {
                advance()
            }
        } while depth > 0 && position < bytes.count
    }

    /// The number of `#` in front of an opening quote here, or nil where no literal begins.
    private func hashesBeforeQuote() -> Int? {
        var count = 0
        while peek(count) == UInt8(ascii: "#") { count += 1 }
        return peek(count) == UInt8(ascii: "\"") ? count : nil
    }

    private mutating func string(hashes: Int) {
        let start = position
        let first = line
        advance(hashes)
        let isMultiline = looking(at: "\"\"\"")
        advance(isMultiline ? 3 : 1)
        add(.string, "\"\"", from: start, line: first)
        while position < bytes.count {
            if peek() == UInt8(ascii: "\\"), isFollowed(by: hashes, after: 1) {
                advance(1 + hashes)
                if peek() == UInt8(ascii: "(") {
                    advance()
                    code(insideInterpolation: true)
                }
                advance()
            } else if isMultiline ? looking(at: "\"\"\"") : peek() == UInt8(ascii: "\""),
                isFollowed(by: hashes, after: isMultiline ? 3 : 1)
            {
                advance((isMultiline ? 3 : 1) + hashes)
                break
            } else {
                advance()
            }
        }
        end = position
    }

    private func isFollowed(by hashes: Int, after offset: Int) -> Bool {
        (0..<hashes).allSatisfy { peek(offset + $0) == UInt8(ascii: "#") }
    }
}
