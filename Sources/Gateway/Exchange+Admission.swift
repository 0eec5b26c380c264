import Bytes
import HTTP1
import HTTPServer
import OpenAIAPI
import Telemetry
import Upstream

// Who may call, and what is meant.
extension Exchange {
    var head: RequestHead { connection.parser.head }

    /// What the method and path stand for.
    func decide() throws(GatewayError) -> CallDecision {
        let head = connection.parser.head
        guard head.method != .connect, head.method != .other else {
            throw GatewayError(.notImplemented, "This method is not implemented.")
        }
        if head.wantsUpgrade {
            throw GatewayError(
                .notImplemented, "Protocol upgrades, as for realtime WebSockets, are not offered.")
        }
        if head.method == .options, isAsterisk { return .options(allow: .relayed) }
        let decision = connection.withHead { bytes in
            head.targetIsConforming
                ? CallDecision(
                    method: head.method.name.bytes, path: bytes.extracting(head.path))
                : .notFound
        }
        switch decision {
        case .notFound:
            throw GatewayError(
                .notFound,
                "There is nothing at this path; calls go to /v1/chat/completions and "
                    + "other paths below /v1.")
        case .methodNotAllowed(let allow):
            throw GatewayError(
                .methodNotAllowed, "This path does not take this method.", allow: allow)
        default: return decision
        }
    }

    private var isAsterisk: Bool {
        connection.withHead { $0.extracting(connection.parser.head.path).equals("*") }
    }

    /// A web page in somebody's browser must not spend the process's key: while that is in use
    /// and no client keys are, only this machine's own names and pages may call.
    func checkOrigin() throws(GatewayError) {
        guard services.target.authorization != nil, services.keys.isEmpty else { return }
        let head = connection.parser.head
        let isAllowed = connection.withHead { bytes in
            if let host = head.host, !isOwnHost(bytes.extracting(host)) { return false }
            guard let origin = head.first(.origin) else { return true }
            return isOwnOrigin(bytes.extracting(origin.value))
        }
        guard isAllowed else {
            throw GatewayError(
                .forbiddenOrigin,
                "Requests of other hosts and web pages need client keys to be configured.")
        }
    }

    private func isOwnOrigin(_ origin: Span<UInt8>) -> Bool {
        for scheme in ["http://", "https://"] as [StaticString] where origin.starts(with: scheme) {
            return isOwnHost(origin.extracting(scheme.utf8CodeUnitCount...))
        }
        return false
    }

    private func isOwnHost(_ authority: Span<UInt8>) -> Bool {
        var name = authority
        if name.count > 0, name[0] == UInt8(ascii: "[") {
            guard let end = name.firstIndex(of: UInt8(ascii: "]")) else { return false }
            name = name.extracting(1..<end)
        } else if let colon = name.firstIndex(of: UInt8(ascii: ":")) {
            name = name.extracting(0..<colon)
        }
        if name.equalsIgnoringCase("localhost") || name.equals("::1") || isLoopback(name) {
            return true
        }
        return services.ownHosts.contains { name.equals($0.utf8.span) }
    }

    /// An IPv4 address of 127.0.0.0/8, not a name that only begins like one.
    private func isLoopback(_ name: Span<UInt8>) -> Bool {
        guard name.starts(with: "127.") else { return false }
        for index in name.indices
        where name[index] &- 0x30 >= 10 && name[index] != UInt8(ascii: ".") { return false }
        return true
    }

    /// Where client keys are configured, one of them must be shown, once.
    func authenticate() throws(GatewayError) {
        let keys = services.keys
        guard !keys.isEmpty else { return }
        let head = connection.parser.head
        let holder = connection.withHead { bytes -> ClientKeys.Holder? in
            guard head.count(of: .authorization) + head.count(of: .apiKey) == 1 else {
                return nil
            }
            if let field = head.first(.apiKey) {
                return keys.holder(of: bytes.extracting(field.value))
            }
            guard let field = head.first(.authorization) else { return nil }
            let value = bytes.extracting(field.value)
            // RFC 9110 section 11.1: the scheme's case does not matter.
            guard value.count > 7, value.extracting(0..<7).equalsIgnoringCase("bearer ") else {
                return nil
            }
            return keys.holder(of: value.extracting(7...).trimmed)
        }
        guard let holder else {
            throw GatewayError(
                .unauthorized, "A key of this gateway is needed, as 'Authorization: Bearer KEY'.")
        }
        hasGatewayKey = true
        guard let name = holder.name else { return }
        tenant = name
        trace.serverSpan?.set(MartletAttributes.keyAlias, name)
    }
}
