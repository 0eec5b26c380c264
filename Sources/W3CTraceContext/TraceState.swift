import Bytes

/// The value of `tracestate`: validated members in their order, as they are sent on
/// (W3C Trace Context Level 2, section 3.3).
///
/// White space around members and empty members are left out. Nothing is allocated where there are
/// none.
package struct TraceState: Sendable, Hashable {
    /// Members a list may have; a longer one is discarded whole (section 3.3.1.1).
    package static let membersMax = 32
    /// Characters that are sent on: what every vendor must propagate (section 3.3.1.5).
    package static let charactersMax = 512

    /// Members joined by commas.
    private var joined: [UInt8] = []
    /// Members held.
    package private(set) var count = 0
    /// A header was malformed, or there were too many members.
    package private(set) var isDiscarded = false

    /// No members.
    package init() {}

    /// There are no members.
    package var isEmpty: Bool { count == 0 }

    /// The header's value; empty where there are no members.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { joined.span }
    }

    /// Adds the members of one header behind those held. One bad member discards all, those of
    /// further headers too.
    package mutating func add(_ header: Span<UInt8>) {
        guard !isDiscarded else { return }
        var position = 0
        while position <= header.count {
            let end = header.firstIndex(of: Self.comma, from: position) ?? header.count
            let member = header.extracting(position..<end).trimmed
            position = end + 1
            if member.count == 0 { continue }
            guard count < Self.membersMax, Self.isMember(member) else {
                joined = []
                count = 0
                isDiscarded = true
                return
            }
            append(member)
        }
    }

    /// Puts a member at the front, in the place of one with the same key. The last one gives way
    /// where there would be more than 32 (section 3.3.1.1). Answers false for a bad one.
    @discardableResult
    package mutating func prepend(_ key: StaticString, _ value: Span<UInt8>) -> Bool {
        var member = ByteBuffer(capacity: 64)
        member.append(key)
        member.append(UInt8(ascii: "="))
        member.append(value)
        guard Self.isMember(member.bytes), member.bytes.trimmed.count == member.count else {
            return false
        }
        var result = TraceState()
        result.append(member.bytes)
        forEachMember { other in
            guard result.count < Self.membersMax, !Self.key(of: other).equals(key) else { return }
            result.append(other)
        }
        self = result
        return true
    }

    /// Drops whole members until at most `characters` are left: those over 128 characters first,
    /// then from the end (section 3.3.1.5).
    package mutating func shorten(to characters: Int = TraceState.charactersMax) {
        guard joined.count > characters else { return }
        var excess = joined.count - characters
        drop(&excess, longerThan: 128)
        drop(&excess, longerThan: 0)
    }

    /// The value of the first member with that key, or nil.
    package func value(of key: StaticString) -> String? {
        var found: String?
        forEachMember { member in
            let name = Self.key(of: member)
            if found == nil, name.equals(key) {
                found = String(decoding: member.extracting(name.count + 1..<member.count))
            }
        }
        return found
    }
}

extension TraceState {
    private static var comma: UInt8 { UInt8(ascii: ",") }

    private mutating func append(_ member: Span<UInt8>) {
        joined.reserveCapacity(joined.count + member.count + 1)
        if count > 0 { joined.append(Self.comma) }
        for index in member.indices { joined.append(member[index]) }
        count += 1
    }

    private func forEachMember(_ body: (Span<UInt8>) -> Void) {
        let all = joined.span
        var position = 0
        while position < all.count {
            let end = all.firstIndex(of: Self.comma, from: position) ?? all.count
            body(all.extracting(position..<end))
            position = end + 1
        }
    }

    /// Drops members longer than that, the last first, until `excess` characters are gone.
    private mutating func drop(_ excess: inout Int, longerThan length: Int) {
        var end = joined.count
        while excess > 0, end > 0 {
            let start = (joined[..<end].lastIndex(of: Self.comma) ?? -1) + 1
            if end - start > length {
                // With the comma before it, or the one behind the first.
                let lower = max(start - 1, 0)
                let upper = start == 0 ? min(end + 1, joined.count) : end
                joined.removeSubrange(lower..<upper)
                excess -= upper - lower
                count -= 1
            }
            end = start - 1
        }
    }

    @_lifetime(copy member)
    private static func key(of member: Span<UInt8>) -> Span<UInt8> {
        member.extracting(0..<(member.firstIndex(of: UInt8(ascii: "=")) ?? member.count))
    }

    /// `key "=" value`, no white space around it (section 3.3.1.3).
    private static func isMember(_ member: Span<UInt8>) -> Bool {
        let key = key(of: member)
        guard key.count < member.count, (1...256).contains(key.count), isAlphanumeric(key[0]) else {
            return false
        }
        for index in key.indices {
            switch key[index] {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"),
                UInt8(ascii: "@"):
                continue
            case let byte: guard isAlphanumeric(byte) else { return false }
            }
        }
        guard member.count - key.count - 1 <= 256 else { return false }
        for index in key.count + 1..<member.count {
            switch member[index] {
            case UInt8(ascii: ","), UInt8(ascii: "="): return false
            case 0x20...0x7E: continue
            default: return false
            }
        }
        return true
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte &- 0x61 < 26 || byte &- 0x30 < 10
    }
}

extension ByteBuffer {
    /// Appends the value of a `tracestate` header.
    package mutating func append(_ state: TraceState) {
        append(state.bytes)
    }
}
