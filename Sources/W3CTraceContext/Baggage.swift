import Bytes

/// The members of `baggage` headers (W3C Baggage).
///
/// One value a key, the last wins. A malformed member is skipped, the others stay. What goes
/// beyond the limits is dropped member by member, never in part.
package struct Baggage: Sendable, Equatable {
    /// A key, its value and what stands behind it.
    package struct Member: Sendable, Equatable {
        /// A token; upper and lower case differ.
        package var key: String
        /// Percent-decoded; what was not UTF-8 became U+FFFD. May hold any character.
        package var value: String
        /// The properties as they came, without the first ";"; empty where there are none.
        package var properties: String
        /// Bytes it counts for: those it came in, without white space around it.
        var size: Int
    }

    /// Members that are kept (section 3.3.2: at least 64 are to be propagated).
    package static let membersMax = 64
    /// Bytes that are kept, commas counted (section 3.3.2: at least 8192 are to be propagated).
    package static let bytesMax = 8192

    /// The members in the order their keys first came.
    package private(set) var members: [Member] = []
    /// Members that were malformed or beyond the limits.
    package private(set) var droppedCount = 0
    private var size = 0

    /// No members.
    package init() {}

    /// There are no members.
    package var isEmpty: Bool { members.isEmpty }

    /// The value of that key, or nil.
    package func value(of key: String) -> String? {
        for member in members where member.key == key { return member.value }
        return nil
    }

    /// Adds the members of one header.
    package mutating func add(_ header: Span<UInt8>) {
        var position = 0
        while position <= header.count {
            let end = header.firstIndex(of: UInt8(ascii: ","), from: position) ?? header.count
            let text = header.extracting(position..<end).trimmed
            position = end + 1
            if text.count == 0 { continue }
            guard fits(text.count), let member = Self.parse(text) else {
                droppedCount += 1
                continue
            }
            insert(member)
        }
    }

    /// Sets a value that came another way. Answers false where the key is no token or the limits
    /// are reached.
    @discardableResult
    package mutating func set(_ key: String, _ value: String) -> Bool {
        guard BaggageSyntax.isToken(key.utf8.span) else { return false }
        let size = key.utf8.count + 1 + BaggageSyntax.encodedCount(value)
        guard fits(size) else {
            droppedCount += 1
            return false
        }
        return insert(Member(key: key, value: value, properties: "", size: size))
    }

    private func fits(_ bytes: Int) -> Bool {
        bytes <= Self.bytesMax
    }

    @discardableResult
    private mutating func insert(_ member: Member) -> Bool {
        let index = members.firstIndex { $0.key == member.key }
        let others = size - (index.map { members[$0].size + 1 } ?? 0)
        // One comma fewer than members.
        guard others + member.size <= Self.bytesMax,
            index != nil || members.count < Self.membersMax
        else {
            droppedCount += 1
            return false
        }
        if let index { members[index] = member } else { members.append(member) }
        size = others + member.size + 1
        return true
    }

    /// `key OWS "=" OWS value *( OWS ";" OWS property )` (section 3.3.1).
    private static func parse(_ text: Span<UInt8>) -> Member? {
        let semicolon = text.firstIndex(of: UInt8(ascii: ";")) ?? text.count
        let pair = text.extracting(0..<semicolon)
        guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let key = pair.extracting(0..<equals).trimmed
        guard BaggageSyntax.isToken(key) else { return nil }
        let encoded = pair.extracting(equals + 1..<pair.count).trimmed
        guard let value = BaggageSyntax.decode(encoded) else { return nil }
        var properties = ""
        if semicolon < text.count {
            let tail = text.extracting(semicolon + 1..<text.count).trimmed
            guard BaggageSyntax.isProperties(tail) else { return nil }
            properties = String(decoding: tail)
        }
        return Member(
            key: String(decoding: key), value: value, properties: properties, size: text.count)
    }
}

extension ByteBuffer {
    /// Appends the value of a `baggage` header: whole members as long as they fit the limit.
    package mutating func append(_ baggage: Baggage) {
        let start = count
        for member in baggage.members {
            let before = count
            if count > start { append(UInt8(ascii: ",")) }
            append(string: member.key)
            append(UInt8(ascii: "="))
            BaggageSyntax.encode(member.value, into: &self)
            if !member.properties.isEmpty {
                append(UInt8(ascii: ";"))
                append(string: member.properties)
            }
            if count - start > Baggage.bytesMax { truncate(to: before) }
        }
    }
}
