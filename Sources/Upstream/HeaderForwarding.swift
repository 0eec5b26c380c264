import Bytes
import Configuration
import HTTP1
import HTTPClient

/// Which header fields cross the gateway.
package enum HeaderForwarding {
    /// Adds the client's fields that go upstream to `transfer`.
    ///
    /// Left out are: hop-by-hop fields and those `Connection` names (RFC 9110 section 7.6.1),
    /// what the client sets itself, the trace context (the attempt has its own), and what is the
    /// gateway's business. `readsAnswer`: the answer must come unencoded.
    package static func addRequestFields(
        _ head: RequestHead, _ bytes: Span<UInt8>, settings: UpstreamSettings, readsAnswer: Bool,
        dropsAuthorization: Bool, to transfer: HTTPTransfer
    ) {
        for field in head.fields {
            switch field.known {
            case .host, .contentLength, .expect, .traceparent, .tracestate, .xPortkeyMetadata,
                .xPortkeyTraceID:
                continue
            case .authorization where dropsAuthorization: continue
            case .apiKey where dropsAuthorization: continue
            case .baggage where !settings.forwardBaggage: continue
            case .cookie where !settings.forwardCookies: continue
            case .acceptEncoding where readsAnswer: continue
            default: break
            }
            if head.isHopByHop(field, in: bytes) { continue }
            let name = bytes.extracting(field.name)
            if field.known == .other, isOurs(name) { continue }
            transfer.addHeader(name, bytes.extracting(field.value))
        }
        if readsAnswer { transfer.addHeader("accept-encoding", identity.bytes) }
    }

    private static let identity: StaticString = "identity"

    /// `x-martlet-*` is spoken by the gateway alone; `x-portkey-*` is addressed to it.
    private static func isOurs(_ name: Span<UInt8>) -> Bool {
        guard name.count > 10, ASCII.lowercased(name[0]) == UInt8(ascii: "x") else { return false }
        return name.extracting(0..<10).equalsIgnoringCase("x-martlet-")
            || name.extracting(0..<10).equalsIgnoringCase("x-portkey-")
    }

    /// Calls `body` with each field of an upstream's answer that the client gets.
    ///
    /// Left out are: hop-by-hop fields and those `Connection` names, the framing (the gateway's
    /// own), and fields that would speak for the gateway's host. Malformed ones do not get here:
    /// the parser of answers refuses them.
    package static func forEachAnswerField(
        _ transfer: HTTPTransfer, _ body: (FieldName, Span<UInt8>, Span<UInt8>) -> Void
    ) {
        let hasConnection = transfer.fields.contains { $0.known == .connection }
        transfer.head.withBytes { bytes in
            for field in transfer.fields {
                let name = bytes.extracting(field.name)
                let value = bytes.extracting(field.value)
                let known = field.known
                switch known {
                case .contentLength, .setCookie, .altSvc, .strictTransportSecurity, .server,
                    .xTraceID, .serverTiming:
                    continue
                default: break
                }
                if known.isHopByHop || known == .other && isOurs(name) { continue }
                if hasConnection, isNamedByConnection(name, transfer.fields, bytes) { continue }
                body(known, name, value)
            }
        }
    }

    private static func isNamedByConnection(
        _ name: Span<UInt8>, _ fields: [HTTPField], _ bytes: Span<UInt8>
    ) -> Bool {
        for field in fields where field.known == .connection {
            var list = FieldList(bytes.extracting(field.value))
            while let option = list.next() {
                if option.matchesIgnoringCase(name) { return true }
            }
        }
        return false
    }
}
