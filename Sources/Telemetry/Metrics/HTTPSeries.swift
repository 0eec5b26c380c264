/// What `http.server.request.duration` says of a request (semconv v1.40.0, docs/http).
package struct HTTPServerMeasurement {
    /// The method's place in `HTTPMethod`.
    package var method: Int
    /// `http.route`, and a number that no other route has; nil where there is none.
    package var route: (index: Int, name: StaticString)?
    /// Zero: none was sent.
    package var status: Int
    /// HTTP/1.0, else 1.1.
    package var isOldVersion: Bool
    /// `error.type` as on the span; nil on success.
    package var errorType: String?

    /// A request that ended.
    package init(
        method: Int, route: (index: Int, name: StaticString)?, status: Int, isOldVersion: Bool,
        errorType: String?
    ) {
        self.method = method
        self.route = route
        self.status = status
        self.isOldVersion = isOldVersion
        self.errorType = errorType
    }
}

/// What `http.client.request.duration` says of an attempt (semconv v1.40.0, docs/http).
package struct HTTPClientMeasurement {
    /// Where it went.
    package var target: MetricTarget
    /// The method's place in `HTTPMethod`.
    package var method: Int
    /// Zero: none came.
    package var status: Int
    /// HTTP/1.0, else 1.1; of no meaning without a status.
    package var isOldVersion: Bool
    /// `error.type` as on the span, where it is a word and not the status; nil otherwise.
    package var failure: StaticString?

    /// An attempt that ended.
    package init(
        target: MetricTarget, method: Int, status: Int, isOldVersion: Bool,
        failure: StaticString?
    ) {
        self.target = target
        self.method = method
        self.status = status
        self.isOldVersion = isOldVersion
        self.failure = failure
    }
}

/// The HTTP histograms of one worker. Their labels are numbers and literals, so they are looked
/// up by numbers; the last one used is tried first.
struct HTTPSeries {
    private struct Key: Hashable {
        /// Of a request its route, of an attempt its target.
        let place: Int
        let status: Int
        let method: Int
        let isOldVersion: Bool
        let errorType: String?
    }

    private var servers: [Key: HistogramCell] = [:]
    private var clients: [Key: HistogramCell] = [:]
    private var lastServer: (key: Key, cell: HistogramCell)?
    private var lastClient: (key: Key, cell: HistogramCell)?
    private var queueCell: HistogramCell?

    mutating func server(
        _ request: HTTPServerMeasurement, _ meter: WorkerMeter
    ) -> HistogramCell {
        let key = Key(
            place: request.route?.index ?? -1, status: request.status, method: request.method,
            isOldVersion: request.isOldVersion, errorType: request.errorType)
        if let lastServer, lastServer.key == key { return lastServer.cell }
        let cell = servers[key] ?? meter.cell(.httpServerDuration) { Self.labels(request) }
        if servers.count < meter.seriesMax { servers[key] = cell }
        lastServer = (key, cell)
        return cell
    }

    private static func labels(_ request: HTTPServerMeasurement) -> MetricLabels {
        var pairs = [
            MetricLabel(
                "http.request.method", ActiveRequests.methods[min(request.method, 9)]),
            MetricLabel("url.scheme", "http"),
        ]
        if let route = request.route {
            pairs.append(MetricLabel("http.route", String(describing: route.name)))
        }
        if request.status > 0 {
            pairs.append(MetricLabel("http.response.status_code", request.status))
        }
        pairs.append(
            MetricLabel("network.protocol.version", request.isOldVersion ? "1.0" : "1.1"))
        if let errorType = request.errorType {
            pairs.append(MetricLabel("error.type", errorType))
        }
        return MetricLabels(pairs)
    }

    mutating func client(
        _ attempt: HTTPClientMeasurement, _ meter: WorkerMeter
    ) -> HistogramCell {
        let key = Key(
            place: attempt.target.identity, status: attempt.status,
            method: attempt.method, isOldVersion: attempt.isOldVersion,
            errorType: attempt.failure.map { String(describing: $0) })
        if let lastClient, lastClient.key == key { return lastClient.cell }
        let cell = clients[key] ?? meter.cell(.httpClientDuration) { Self.labels(attempt) }
        if clients.count < meter.seriesMax { clients[key] = cell }
        lastClient = (key, cell)
        return cell
    }

    private static func labels(_ attempt: HTTPClientMeasurement) -> MetricLabels {
        var pairs = [
            MetricLabel(
                "http.request.method", ActiveRequests.methods[min(attempt.method, 9)]),
            MetricLabel("server.address", attempt.target.address),
            MetricLabel("server.port", attempt.target.port),
        ]
        if attempt.status > 0 {
            pairs.append(MetricLabel("http.response.status_code", attempt.status))
            pairs.append(
                MetricLabel("network.protocol.version", attempt.isOldVersion ? "1.0" : "1.1"))
        }
        if let failure = attempt.failure {
            pairs.append(MetricLabel("error.type", String(describing: failure)))
        } else if attempt.status >= 400 {
            pairs.append(MetricLabel("error.type", String(attempt.status)))
        }
        return MetricLabels(pairs)
    }

    mutating func queue(_ meter: WorkerMeter) -> HistogramCell {
        if let queueCell { return queueCell }
        let cell = meter.cell(.queueDuration) { MetricLabels([]) }
        queueCell = cell
        return cell
    }
}
