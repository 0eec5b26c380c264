import Bytes
import Caching
import Configuration
import HTTP1
import HTTPClient
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

/// One request and its response, from the parsed head to the handed-over trace.
///
/// `run` is the walk of a request; see LifeOfARequest. An error becomes a response in one place.
final class Exchange {
    let connection: HTTPConnection
    let worker: Worker
    let trace: RequestTrace
    let template: ServerSpanTemplate
    var services: GatewayServices { worker.services }

    /// The call upstream, once there is one: the connection's events go to it.
    var call: UpstreamCall?
    /// What is asked of a model, whoever answers.
    var operation: Operation?
    /// The cache's part.
    var use = CacheUse()
    /// The route of the path, on spans, metrics and lines; nil where the gateway serves nothing.
    private(set) lazy var route = connection.withHead { bytes in
        Route.place(bytes: bytes.extracting(connection.parser.head.path))
    }
    /// The error the client was told, or would have been.
    var error: GatewayError?
    /// The caller showed a key of this gateway: it stays here.
    var hasGatewayKey = false
    /// The name of that key, if it has one.
    var tenant: String?
    /// The status of the response, 0 before it.
    var status = 0
    /// The upstream gave the request an id, which is on the spans.
    var hasUpstreamRequestID = false
    /// That id, where lines are to have it.
    var upstreamRequestID: String?
    /// A request body is to be passed on, and has not begun.
    var pendingBody = false
    /// Why a request body that was being passed on did not come whole.
    var bodyError: GatewayError?

    /// Begins the exchange for the request whose head `connection` has parsed.
    /// `template` belongs to the connection.
    init(connection: HTTPConnection, worker: Worker, template: ServerSpanTemplate) {
        self.connection = connection
        self.worker = worker
        self.template = template
        trace = Exchange.makeTrace(connection, worker)
    }

    /// Answers the request. The connection's response has ended, or was cut, when it returns.
    func run() async {
        startServerSpan()
        logStart()
        connection.clientGone = { [self] in clientLeft() }
        // A reset can come in one turn with the request.
        if connection.isClientGone { clientLeft() }
        do throws(GatewayError) {
            try checkOrigin()
            try authenticate()
            switch try decide() {
            case .typed(let endpoint):
                let request = try await readCall(endpoint)
                try await answer(request)
            case .models, .relayed:
                try await passThrough()
            case .options(let allow):
                answerOptions(allow)
            case .methodNotAllowed, .notFound:
                break
            }
        } catch {
            answer(error)
        }
        endTrace()
    }

    /// Answers what could not even be parsed: with a trace of its own.
    func refuse(_ error: GatewayError) {
        startServerSpan()
        connection.closeAfterResponse()
        answer(error)
        endTrace()
    }

    /// Answers what a page of the gateway's own refuses: it has no trace and is in no metrics.
    func refuseQuietly(_ error: GatewayError) {
        answer(error)
    }

    func clientLeft() {
        services.metrics.disconnects.add()
        // Others may want the answer.
        if let flight = use.flight, let call, !flight.leaderLeft() {
            // It may have waited for this client to read.
            call.resume()
            return
        }
        call?.cancel()
    }
}
