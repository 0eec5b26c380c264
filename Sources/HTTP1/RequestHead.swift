import Bytes

/// The head of a request, as offsets into the bytes it was parsed from.
///
/// One value serves all requests of a connection: its arrays keep their capacity. Look at it where
/// it is (`parser.head.path`); a copy that outlives the request makes the next one allocate.
package struct RequestHead: Sendable {
    /// How the end of the body is known (RFC 9112 section 6.3).
    package enum Framing: Sendable, Equatable {
        /// There is no body.
        case none
        /// The body's size in bytes, above zero.
        case length(Int)
        /// The body is chunked.
        case chunked
    }

    /// The method.
    package internal(set) var method = HTTPMethod.other
    /// Where the method stands, for one that is not known.
    package internal(set) var methodName = 0..<0
    /// Where the whole request target stands.
    package internal(set) var target = 0..<0
    /// Where the target's path stands, as it was sent: nothing is decoded or normalised. Empty for
    /// an absolute-form target without one, which means "/". The whole target for CONNECT's
    /// `host:port` and for `*`.
    package internal(set) var path = 0..<0
    /// Where the query stands, without its "?"; nil where there is no "?".
    package internal(set) var query: Range<Int>?
    /// The path holds only what RFC 3986 allows in one, and no fragment follows. Where false (raw
    /// non-ASCII, a backslash, a "#"), no route can be meant.
    package internal(set) var targetIsConforming = true
    /// 0 for HTTP/1.0, 1 for HTTP/1.1 and a later 1.x.
    package internal(set) var minorVersion = 1
    /// The field lines in the order they came.
    package internal(set) var fields: [HTTPField] = []
    /// How the end of the body is known.
    package internal(set) var framing = Framing.none
    /// The client allows another request on this connection.
    package internal(set) var keepsAlive = true
    /// The client waits for `100 Continue` before it sends the body.
    package internal(set) var expectsContinue = false
    /// The client asks for another protocol: WebSocket, say. HTTP/2 in the clear (`h2c`) is not
    /// counted: it is offered by some clients on every request and may be ignored.
    package internal(set) var wantsUpgrade = false
    /// Where the authority the request is for stands: the target's for an absolute-form one, else
    /// the Host field's value. nil only for HTTP/1.0.
    package internal(set) var host: Range<Int>?
    /// `Connection` names something beside `close`, `keep-alive` and `upgrade`.
    var connectionNamesFields = false

    init() {
        fields.reserveCapacity(32)
    }

    /// As new, the array's memory kept.
    mutating func reset() {
        method = .other
        methodName = 0..<0
        target = 0..<0
        path = 0..<0
        query = nil
        targetIsConforming = true
        minorVersion = 1
        fields.removeAll(keepingCapacity: true)
        framing = .none
        keepsAlive = true
        expectsContinue = false
        wantsUpgrade = false
        host = nil
        connectionNamesFields = false
    }

    /// The first field of that name, or nil.
    package func first(_ name: FieldName) -> HTTPField? {
        for field in fields where field.known == name { return field }
        return nil
    }

    /// How many fields have that name.
    package func count(of name: FieldName) -> Int {
        var count = 0
        for field in fields where field.known == name { count += 1 }
        return count
    }

    /// The first field with that name, which is in lower case: for names `FieldName` lacks.
    package func first(named name: StaticString, in bytes: Span<UInt8>) -> HTTPField? {
        for field in fields
        where bytes.extracting(field.name).equalsIgnoringCase(name) { return field }
        return nil
    }

    /// The field is meant for this connection only and must not be passed on: by its name, or
    /// because a `Connection` field names it (RFC 9110 section 7.6.1). `bytes` are the head's.
    package func isHopByHop(_ field: HTTPField, in bytes: Span<UInt8>) -> Bool {
        if field.known.isHopByHop { return true }
        guard connectionNamesFields else { return false }
        let name = bytes.extracting(field.name)
        for other in fields where other.known == .connection {
            var list = FieldList(bytes.extracting(other.value))
            while let option = list.next() {
                if option.matchesIgnoringCase(name) { return true }
            }
        }
        return false
    }
}
