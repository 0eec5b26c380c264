import Bytes
import Telemetry
import W3CTraceContext

extension Meters {
    convenience init(_ change: (inout Options) -> Void = { _ in }) {
        var options = Options()
        change(&options)
        self.init(options: options, startTime: 1_700_000_000_000_000_000)
    }

    /// The value of a histogram's only series, or of the one with that label.
    func histogram(_ name: String, _ label: (String, String)? = nil) -> HistogramValue? {
        points(name).first { point in
            guard let label else { return true }
            return point.labels.text(label.0) == label.1
        }.flatMap { if case .histogram(let value) = $0.value { value } else { nil } }
    }

    func points(_ name: String) -> [MetricPoint] {
        collect().first { $0.definition.name == name }?.points ?? []
    }
}

extension MetricLabels {
    /// The value of a label as text; nil where there is none of that name.
    func text(_ name: String) -> String? {
        pairs.first { $0.name == name }.map {
            switch $0.value {
            case .text(let text): text
            case .integer(let number): "\(number)"
            case .boolean(let flag): "\(flag)"
            }
        }
    }
}

let someTarget = MetricTarget(provider: "openai", address: "api.openai.com", port: 443)

let sampled = MeasurementContext(
    traceID: traceID(0xa3ce_929d_0e0e_4736), spanID: SpanID(0x00f0_67aa_0ba9_02b7)!,
    isSampled: true, at: 1_700_000_000_123_456_789)

let unsampled = MeasurementContext(
    traceID: traceID(1), spanID: SpanID(2)!, isSampled: false, at: 1_700_000_000_000_000_000)

extension WorkerMeter {
    func chat(
        _ model: String = "gpt-4o", answeredBy answer: String = "gpt-4o-2024-08-06",
        target: MetricTarget = someTarget, tier: String = "", fingerprint: String = "",
        error: String = ""
    ) -> OperationSeries {
        operation(
            "chat", target: target, requestModel: model.utf8.span, responseModel: answer.utf8.span,
            serviceTier: tier.utf8.span, fingerprint: fingerprint.utf8.span,
            errorType: error.utf8.span)
    }
}
