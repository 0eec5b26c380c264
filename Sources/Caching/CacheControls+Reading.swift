import Bytes
import JSON

extension CacheControls {
    /// Reads one field value of `Cache-Control` (RFC 9111 section 5.2.1): `no-cache` asks for a
    /// refresh, `no-store` for neither use nor storing, `max-age=N` for no older answer. An age
    /// that is no number is 0, the careful reading; other directives are ignored, as section 5.2.3
    /// has it for unknown ones.
    package mutating func read(cacheControl value: Span<UInt8>) {
        var rest = value
        while !rest.isEmpty {
            let end = Self.endOfDirective(rest)
            read(directive: rest.extracting(0..<end).trimmed)
            rest = rest.extracting(min(end + 1, rest.count)..<rest.count)
        }
    }

    private mutating func read(directive: Span<UInt8>) {
        let equals = directive.firstIndex(of: UInt8(ascii: "=")) ?? directive.count
        let name = directive.extracting(0..<equals).trimmed
        if name.equalsIgnoringCase("no-cache") {
            forbid(.refresh)
        } else if name.equalsIgnoringCase("no-store") {
            forbid(.bypass)
        } else if name.equalsIgnoringCase("max-age") {
            let argument = directive.extracting(min(equals + 1, directive.count)..<directive.count)
            take(maxAge: Self.seconds(argument.trimmed))
        }
    }

    /// The next comma outside of quotes, or the end.
    private static func endOfDirective(_ value: Span<UInt8>) -> Int {
        var isQuoted = false
        var index = 0
        while index < value.count {
            switch value[index] {
            case UInt8(ascii: ",") where !isQuoted: return index
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "\\") where isQuoted: index += 1
            default: break
            }
            index += 1
        }
        return value.count
    }

    /// Digits, in quotes or not; what is too large is the largest (RFC 9111 section 1.2.2).
    private static func seconds(_ argument: Span<UInt8>) -> UInt32 {
        let isQuoted =
            argument.count >= 2 && argument[0] == UInt8(ascii: "\"")
            && argument[argument.count - 1] == UInt8(ascii: "\"")
        var value: UInt64 = 0
        for index in (isQuoted ? 1 : 0)..<(argument.count - (isQuoted ? 1 : 0)) {
            let digit = argument[index] &- 0x30
            guard digit < 10 else { return 0 }
            value = min(value * 10 + UInt64(digit), UInt64(Int32.max))
        }
        return UInt32(value)
    }

    /// Reads the member `cache` of a body, in the form LiteLLM gave it, in which each member may be
    /// null, as the whole may:
    /// `{"no-cache": bool, "no-store": bool, "ttl": seconds, "s-maxage": seconds,
    /// "namespace": text}`.
    ///
    /// `no-cache` asks for a refresh, `no-store` only that the answer is not stored; a `ttl` is cut
    /// to whole seconds; `s-max-age` is another spelling of `s-maxage`. Members of other names are
    /// ignored. Where the member is there, `bodyMember` is set, whatever else is found.
    package mutating func read(_ document: borrowing JSONDocument) throws(CacheControlError) {
        guard let cache = document.member("cache", of: document.root) else { return }
        take(bodyMember: document.removalRange(of: cache))
        switch document.kind(of: cache.value) {
        case .null: return
        case .object: break
        default: throw .notAnObject
        }
        var members = document.members(of: cache.value)
        while let member = members.next() {
            guard document.kind(of: member.value) != .null else { continue }
            try read(member, in: document)
        }
    }

    private mutating func read(
        _ member: JSONMember, in document: borrowing JSONDocument
    ) throws(CacheControlError) {
        let key = member.key
        let value = member.value
        if document.string(key, equals: "no-cache") {
            guard let isAsked = document.bool(value) else { throw .noCacheNotABoolean }
            if isAsked { forbid(.refresh) }
        } else if document.string(key, equals: "no-store") {
            guard let isAsked = document.bool(value) else { throw .noStoreNotABoolean }
            if isAsked { forbidStoring() }
        } else if document.string(key, equals: "ttl") {
            guard let seconds = document.double(value) else { throw .ttlNotANumber }
            take(ttl: seconds)
        } else if document.string(key, equals: "s-maxage")
            || document.string(key, equals: "s-max-age")
        {
            guard let seconds = document.double(value), seconds >= 0 else {
                throw .maxAgeNotANumber
            }
            take(maxAge: UInt32(min(seconds, Double(Int32.max))))
        } else if document.string(key, equals: "namespace") {
            guard let contents = document.contents(of: value) else { throw .namespaceNotAString }
            guard contents.count <= Self.namespaceBytesMax else { throw .namespaceTooLong }
            var text = ByteBuffer(capacity: contents.count)
            document.appendString(value, to: &text)
            take(bodysNamespace: text.bytes)
        }
    }
}
