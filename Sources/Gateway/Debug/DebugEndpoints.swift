import Bytes
import HTTP1
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import W3CTraceContext

/// `/debug/traces`: what the last requests did, without a backend. No trace, no upstream.
enum DebugEndpoints {
    private static let path: StaticString = "/debug/traces"

    /// What is asked for.
    private enum Page {
        case list
        case trace(TraceID)
        /// Below the path, but nothing there.
        case unknown
    }

    /// Answers `GET` and `HEAD` of the pages to those who may see them; false for anything else,
    /// which `refusal` then has the reason for.
    static func answer(_ connection: HTTPConnection, _ services: GatewayServices) -> Bool {
        let method = connection.parser.head.method
        guard let ring = services.tracer.ring, method == .get || method == .head,
            let page = page(connection), DebugAccess.isGranted(connection, services)
        else { return false }
        let head = connection.parser.head
        let isHTML = connection.withHead { AcceptedType.prefersHTML(head, $0) }
        var body = ByteBuffer(capacity: 16 << 10)
        switch page {
        case .list:
            let traces = ring.newest(DebugPage.rowsMax).map(TraceSummary.init)
            if isHTML {
                DebugPage.append(traces, to: &body)
            } else {
                DebugDocument.append(traces, to: &body)
            }
        case .trace(let id):
            let requests = ring.requests(of: id)
            guard !requests.isEmpty else { return false }
            let forest = SpanForest(requests, spansMax: DebugPage.spansMax)
            if isHTML {
                DebugPage.append(
                    forest, of: id, content: ring.content, to: &body)
            } else {
                DebugDocument.append(
                    forest, of: id, content: ring.content, to: &body)
            }
        case .unknown: return false
        }
        send(body, isHTML: isHTML, on: connection)
        return true
    }

    /// Why a request for one of the pages was not answered; nil where it is none.
    static func refusal(
        _ connection: HTTPConnection, _ services: GatewayServices
    ) -> GatewayError? {
        guard services.tracer.ring != nil, page(connection) != nil else { return nil }
        guard DebugAccess.isGranted(connection, services) else {
            return GatewayError(
                .forbidden,
                "The debug pages are for callers on this machine, under its own name and "
                    + "without a proxy, or with the admin key as 'Authorization: Bearer KEY'.")
        }
        let method = connection.parser.head.method
        guard method == .get || method == .head else {
            return GatewayError(
                .methodNotAllowed, "This page can only be looked at.", allow: .page)
        }
        return GatewayError(
            .notFound, "There is no such trace here (any more); /debug/traces lists those kept.")
    }

    private static func page(_ connection: HTTPConnection) -> Page? {
        let head = connection.parser.head
        guard head.targetIsConforming else { return nil }
        return connection.withHead { bytes in
            let path = bytes.extracting(head.path)
            guard path.starts(with: Self.path) else { return nil }
            let rest = path.extracting(Self.path.utf8CodeUnitCount...)
            if rest.isEmpty { return .list }
            guard rest[0] == UInt8(ascii: "/") else { return nil }
            return TraceID(hex: rest.extracting(1...)).map { .trace($0) } ?? .unknown
        }
    }

    private static func send(
        _ body: borrowing ByteBuffer, isHTML: Bool, on connection: HTTPConnection
    ) {
        let type: StaticString = isHTML ? "text/html; charset=utf-8" : "application/json"
        OwnPage.send(body, contentType: type, on: connection) {
            connection.addField("vary", "accept")
            connection.addField("x-content-type-options", "nosniff")
            connection.addField("content-security-policy", DebugPage.policy.utf8.span)
            connection.addField("referrer-policy", "no-referrer")
            connection.addField("cross-origin-resource-policy", "same-origin")
        }
    }
}

/// Who may see the debug pages.
enum DebugAccess {
    /// With the admin key, anyone. Without a key, callers of this machine on a loopback listener:
    /// not under a foreign name (a web page's, by DNS rebinding), and not by way of a proxy, whose
    /// own callers are unknown. Who shows another key than the admin's is told so.
    static func isGranted(_ connection: HTTPConnection, _ services: GatewayServices) -> Bool {
        let head = connection.parser.head
        if hasKey(connection, services) { return true }
        guard services.adminKeys.isEmpty || !ClientKeys.isShown(head) else { return false }
        return isOfThisMachine(connection, services)
    }

    /// Lets pass who may change what the gateway holds: with the admin key, anyone; callers of
    /// this machine, as above, only where there is no such key.
    static func demandAdmin(
        _ connection: HTTPConnection, _ services: GatewayServices
    ) throws(GatewayError) {
        if hasKey(connection, services) { return }
        guard services.adminKeys.isEmpty else {
            throw GatewayError(
                .unauthorized, "The admin key is needed, as 'Authorization: Bearer KEY'.")
        }
        guard isOfThisMachine(connection, services) else {
            throw GatewayError(
                .forbidden,
                "This page is for callers on this machine, under its own name and without a "
                    + "proxy; for others an admin key has to be configured.")
        }
    }

    private static func hasKey(
        _ connection: HTTPConnection, _ services: GatewayServices
    ) -> Bool {
        let head = connection.parser.head
        return connection.withHead { services.adminKeys.admit(head, $0) }
    }

    private static func isOfThisMachine(
        _ connection: HTTPConnection, _ services: GatewayServices
    ) -> Bool {
        let head = connection.parser.head
        return connection.withHead { bytes in
            guard case .tcp? = connection.listener, connection.listener?.isLoopback == true,
                let peer = connection.peer, isLoopback(peer.address), head.host != nil,
                OwnOrigin.holds(head, bytes, ownHosts: services.ownHosts)
            else { return false }
            return !head.fields.contains { isForwarded($0, bytes) }
        }
    }

    private static func isLoopback(_ address: String) -> Bool {
        ListenAddress.tcp(host: address, port: 0).isLoopback
            || address.lowercased().hasPrefix("::ffff:127.")
    }

    private static func isForwarded(_ field: HTTPField, _ bytes: Span<UInt8>) -> Bool {
        switch field.known {
        case .via, .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedProto: true
        case .other: bytes.extracting(field.name).equalsIgnoringCase("x-real-ip")
        default: false
        }
    }
}
