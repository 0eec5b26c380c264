import Bytes

/// Records the metrics of one worker, on its thread alone.
///
/// A usual request costs one look-up of its labels and some additions. Labels that were not met
/// yet take the long way: they are made printable, counted against their bounds, and kept.
package final class WorkerMeter {
    private let meters: Meters
    let page: MeterPage
    /// Cells by instrument and labels, for the long way.
    private var cells: [[MetricLabels: HistogramCell]]
    private var operations = OperationTable()
    private var operationsByLabels: [OperationLabels: OperationSeries] = [:]
    /// The labels of a call, while they are looked for.
    private var key = ByteBuffer(capacity: 256)
    private var http = HTTPSeries()
    fileprivate var stores = StoreSeries()

    init(_ meters: Meters, page: MeterPage) {
        self.meters = meters
        self.page = page
        cells = Array(repeating: [:], count: Instrument.allCases.count)
    }

    var seriesMax: Int { meters.options.seriesMax }

    // MARK: Operations of models

    /// The series of a call. Empty texts stand for what is not known.
    ///
    /// - Parameters:
    ///   - operation: `gen_ai.operation.name`.
    ///   - target: whom the call went to.
    ///   - errorType: `error.type` as on the span; empty on success.
    package func operation(
        _ operation: StaticString, target: MetricTarget, requestModel: Span<UInt8>,
        responseModel: Span<UInt8>, serviceTier: Span<UInt8>, fingerprint: Span<UInt8>,
        errorType: Span<UInt8>
    ) -> OperationSeries {
        key.removeAll()
        key.append(low: 8, of: UInt64(UInt(bitPattern: target.identity)))
        append(operation.bytes)
        append(requestModel)
        append(responseModel)
        append(serviceTier)
        append(fingerprint)
        append(errorType)
        key.append(low: 8, of: 0)
        if let known = operations.find(key) { return known }
        let isProven = errorType.isEmpty
        var isWhole = true
        func name(_ kind: LabelNames.Kind, _ text: Span<UInt8>) -> String? {
            guard !text.isEmpty else { return nil }
            let label = meters.names.label(kind, text, isProven: isProven)
            isWhole = isWhole && label.isOwn
            return label.value
        }
        let labels = OperationLabels(
            operation: String(describing: operation), target: target,
            requestModel: name(.requestModel, requestModel),
            responseModel: name(.responseModel, responseModel),
            serviceTier: name(.serviceTier, serviceTier),
            fingerprint: name(.fingerprint, fingerprint), errorType: name(.errorType, errorType))
        let series: OperationSeries
        if let known = operationsByLabels[labels] {
            series = known
        } else {
            series = OperationSeries(labels)
            if operationsByLabels.count < seriesMax {
                operationsByLabels[labels] = series
            }
        }
        // Labels that share a series would fill the table.
        if isWhole { operations.insert(key, series, limit: seriesMax) }
        return series
    }

    private func append(_ text: Span<UInt8>) {
        key.append(low: 2, of: UInt64(truncatingIfNeeded: text.count), then: text)
    }

    // MARK: Cells

    /// The cell of a series, made where it is new; beyond the bounds, the one all further share.
    func cell(_ instrument: Instrument, _ labels: () -> MetricLabels) -> HistogramCell {
        var labels = labels()
        if let known = cells[instrument.rawValue][labels] { return known }
        if !meters.budget.admits(labels, of: instrument) {
            labels = .overflow
            if let known = cells[instrument.rawValue][labels] { return known }
        }
        let cell = HistogramCell(bounds: instrument.bounds, filter: meters.options.exemplars)
        cells[instrument.rawValue][labels] = cell
        page.append(MeterPage.Series(labels: labels, cell: cell), of: instrument)
        return cell
    }

    // MARK: HTTP

    /// A request began; `method` is its place in `HTTPMethod`.
    package func requestBegan(method: Int) { page.active.begin(method) }

    /// Records `http.server.request.duration` of a request that ended.
    package func requestEnded(
        _ request: HTTPServerMeasurement, nanoseconds: Int, _ context: MeasurementContext
    ) {
        let cell = http.server(request, self)
        cell.record(nanoseconds, context)
    }

    /// A request that began is over; `method` is its place in `HTTPMethod`.
    package func requestIsOver(method: Int) { page.active.end(method) }

    /// Records `http.client.request.duration` of an attempt that ended.
    package func attemptEnded(
        _ attempt: HTTPClientMeasurement, nanoseconds: Int, _ context: MeasurementContext
    ) {
        let cell = http.client(attempt, self)
        cell.record(nanoseconds, context)
    }

    /// Records how long a request was here before it was sent on.
    package func requestSent(afterNanoseconds nanoseconds: Int, _ context: MeasurementContext) {
        http.queue(self).record(nanoseconds, context)
    }
}

extension WorkerMeter {
    /// Records `db.client.operation.duration` of a call of Redis that ended.
    package func storeCalled(
        _ call: StoreMeasurement, nanoseconds: Int, _ context: MeasurementContext
    ) {
        stores.call(call, self).record(nanoseconds, context)
    }

    /// Records how long it took to look into the cache, and what came of it.
    package func lookedUp(
        _ status: StaticString, nanoseconds: Int, _ context: MeasurementContext
    ) {
        stores.lookup(status, self).record(nanoseconds, context)
    }
}

/// Whom a call goes to, as the labels have it: `gen_ai.provider.name`, `server.address` and
/// `server.port`. One object for each upstream, which is its identity.
package final class MetricTarget: Sendable {
    let provider: String
    let address: String
    let port: Int

    /// An upstream's labels.
    package init(provider: String, address: String, port: Int) {
        self.provider = provider
        self.address = address
        self.port = port
    }

    /// A number that no other target has.
    var identity: Int { Int(bitPattern: ObjectIdentifier(self)) }
}
