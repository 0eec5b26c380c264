import Bytes

extension JSONDocument {
    /// The members of an object in their order; of anything else, none.
    @_lifetime(copy self)
    package func members(of value: JSONValue) -> JSONMembers {
        JSONMembers(
            document: self, first: kind(of: value) == .object ? Int(value.token) + 1 : tokenCount)
    }

    /// The members that follow `member` in its object.
    @_lifetime(copy self)
    package func members(after member: JSONMember) -> JSONMembers {
        let next = tokenAfter(member.value)
        return JSONMembers(
            document: self, first: byte(of: next) == UInt8(ascii: ",") ? next + 1 : tokenCount)
    }

    /// The elements of an array in their order; of anything else, none.
    @_lifetime(copy self)
    package func elements(of value: JSONValue) -> JSONElements {
        JSONElements(
            document: self, first: kind(of: value) == .array ? Int(value.token) + 1 : tokenCount)
    }

    /// The first member of `object` whose decoded name is `key`; nil also when `object` is none.
    package func member(_ key: StaticString, of object: JSONValue) -> JSONMember? {
        var members = members(of: object)
        while let member = members.next() {
            if string(member.key, equals: key) { return member }
        }
        return nil
    }

    /// The value of the first member of `object` whose decoded name is `key`.
    package func value(_ key: StaticString, of object: JSONValue) -> JSONValue? {
        member(key, of: object)?.value
    }

    /// Whether an object or array holds nothing; true of other kinds.
    package func isEmpty(_ container: JSONValue) -> Bool {
        tokenAfter(container) <= Int(container.token) + 2
    }

    /// The bytes to take out so that `member` is gone and the rest is still JSON: the member with
    /// the comma after it or, for the last one, before it.
    ///
    /// Two neighbours cannot be removed by their two ranges, which share a comma: take the range
    /// of the run from the first to the last of them.
    package func removalRange(of member: JSONMember) -> Range<Int> {
        removalRange(from: member, through: member)
    }

    /// The bytes to take out for a run of neighbouring members, `first` to `last`.
    package func removalRange(
        from first: JSONMember, through last: JSONMember
    ) -> Range<Int> {
        let key = Int(first.key.token)
        let next = tokenAfter(last.value)
        if byte(of: next) == UInt8(ascii: ",") {
            return position(of: key)..<position(of: next + 1)
        }
        let end = range(of: last.value).upperBound
        let before = key - 1
        let takesComma = byte(of: before) == UInt8(ascii: ",")
        return position(of: takesComma ? before : key)..<end
    }

    /// The offset just after an object's or array's opening bracket, where a member or element
    /// may be inserted (with a comma after it unless `isEmpty`).
    package func insertionOffset(of container: JSONValue) -> Int {
        position(of: Int(container.token)) + 1
    }
}

/// The members of one object, in their order.
package struct JSONMembers: ~Escapable {
    private let document: JSONDocument
    private var token: Int

    @_lifetime(copy document)
    init(document: JSONDocument, first: Int) {
        self.document = document
        self.token = first
    }

    /// The next member, or nil at the end.
    package mutating func next() -> JSONMember? {
        guard document.byte(of: token) == UInt8(ascii: "\"") else { return nil }
        let member = JSONMember(
            key: JSONValue(token: UInt32(token)), value: JSONValue(token: UInt32(token + 2)))
        let after = document.tokenAfter(member.value)
        token = document.byte(of: after) == UInt8(ascii: ",") ? after + 1 : document.tokenCount
        return member
    }
}

/// The elements of one array, in their order.
package struct JSONElements: ~Escapable {
    private let document: JSONDocument
    private var token: Int

    @_lifetime(copy document)
    init(document: JSONDocument, first: Int) {
        self.document = document
        self.token = first
    }

    /// The next element, or nil at the end.
    package mutating func next() -> JSONValue? {
        let byte = document.byte(of: token)
        guard byte != 0, byte != UInt8(ascii: "]") else { return nil }
        let value = JSONValue(token: UInt32(token))
        let after = document.tokenAfter(value)
        token = document.byte(of: after) == UInt8(ascii: ",") ? after + 1 : document.tokenCount
        return value
    }
}
