/// What `db.client.operation.duration` says of a call of Redis (semconv v1.40.0, docs/db).
package struct StoreMeasurement {
    /// `db.operation.name`.
    package var command: StaticString
    /// `db.namespace`: the database's index.
    package var database: Int
    /// `server.address`; nil where it is not known.
    package var address: String?
    /// `server.port`.
    package var port: Int?
    /// `error.type` as on the span; nil on success.
    package var errorType: String?
    /// `db.response.status_code`: the server's own word for the error; nil where it sent none.
    package var statusCode: String?

    /// A call that ended.
    package init(
        command: StaticString, database: Int, address: String?, port: Int?, errorType: String?,
        statusCode: String?
    ) {
        self.command = command
        self.database = database
        self.address = address
        self.port = port
        self.errorType = errorType
        self.statusCode = statusCode
    }
}

/// The histograms of the cache, of one worker.
struct StoreSeries {
    private struct Key: Hashable {
        let command: String
        let address: String?
        let port: Int?
        let errorType: String?
    }

    private var calls: [Key: HistogramCell] = [:]
    private var lookups: [String: HistogramCell] = [:]

    mutating func call(_ call: StoreMeasurement, _ meter: WorkerMeter) -> HistogramCell {
        let key = Key(
            command: String(describing: call.command), address: call.address, port: call.port,
            errorType: call.errorType)
        if let known = calls[key] { return known }
        let cell = meter.cell(.databaseDuration) { Self.labels(call) }
        if calls.count < meter.seriesMax { calls[key] = cell }
        return cell
    }

    private static func labels(_ call: StoreMeasurement) -> MetricLabels {
        var pairs = [
            MetricLabel("db.system.name", "redis"),
            MetricLabel("db.operation.name", String(describing: call.command)),
            MetricLabel("db.namespace", String(call.database)),
        ]
        if let address = call.address { pairs.append(MetricLabel("server.address", address)) }
        if let port = call.port, call.address != nil {
            pairs.append(MetricLabel("server.port", port))
        }
        if let errorType = call.errorType {
            pairs.append(MetricLabel("error.type", errorType))
        }
        if let statusCode = call.statusCode {
            pairs.append(MetricLabel("db.response.status_code", statusCode))
        }
        return MetricLabels(pairs)
    }

    mutating func lookup(_ status: StaticString, _ meter: WorkerMeter) -> HistogramCell {
        let status = String(describing: status)
        if let known = lookups[status] { return known }
        let cell = meter.cell(.lookupDuration) {
            MetricLabels([MetricLabel("martlet.cache.status", status)])
        }
        lookups[status] = cell
        return cell
    }
}
