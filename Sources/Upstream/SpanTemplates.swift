import Bytes
import OpenAIAPI
import Telemetry

/// Attributes that the spans of a worker's calls had last and most will have again: of an attempt,
/// those that its URL decides, and of an operation, those that its endpoint and target decide.
///
/// Nothing is ever taken for another: what it is for is compared whole.
final class SpanTemplates {
    private var attempt: (method: String, attributes: PreparedAttributes)?
    private var attemptURL = ByteBuffer()
    private var operation:
        (endpoint: Endpoint, target: UpstreamTarget, attributes: PreparedAttributes)?

    /// Puts the attributes of an attempt onto its span, where the last one had the same.
    func setAttempt(_ method: String, _ url: Span<UInt8>, on record: SpanRecord) -> Bool {
        guard let attempt, attempt.method == method,
            attemptURL.withBytes({ $0.equals(url) })
        else { return false }
        record.set(attempt.attributes)
        return true
    }

    /// Keeps what was set on an attempt's span, which is all that is set so far.
    func keepAttempt(_ method: String, _ url: Span<UInt8>, of record: SpanRecord) {
        attempt = record.prepareAttributes().map { (method, $0) }
        attemptURL = ByteBuffer(copying: url)
    }

    /// The same for an operation's.
    func setOperation(
        _ endpoint: Endpoint, _ target: UpstreamTarget, on record: SpanRecord
    ) -> Bool {
        guard let operation, operation.endpoint == endpoint, operation.target === target
        else { return false }
        record.set(operation.attributes)
        return true
    }

    /// The same for an operation's.
    func keepOperation(
        _ endpoint: Endpoint, _ target: UpstreamTarget, of record: SpanRecord
    ) {
        operation = record.prepareAttributes().map { (endpoint, target, $0) }
    }
}
