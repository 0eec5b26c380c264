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
            if let error = DebugEndpoints.refusal(connection, services) { throw error }
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
        let spendsOwnKey =
            services.target.authorization != nil
            || services.cache?.semantic?.target?.authorization != nil
        guard spendsOwnKey, services.keys.isEmpty else { return }
        let head = connection.parser.head
        let isAllowed = connection.withHead { bytes in
            OwnOrigin.holds(head, bytes, ownHosts: services.ownHosts)
        }
        guard isAllowed else {
            throw GatewayError(
                .forbiddenOrigin,
                "Requests of other hosts and web pages need client keys to be configured.")
        }
    }

    /// Where client keys are configured, one of them must be shown, once.
    func authenticate() throws(GatewayError) {
        let keys = services.keys
        guard !keys.isEmpty else { return }
        let head = connection.parser.head
        let holder = connection.withHead { bytes in
            keys.holder(admitting: head, bytes)
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
