import Bytes
import JSON
import OpenAIAPI
import Telemetry

/// Prompts and answers on the GenAI span, where an exporter wants them (semconv v1.40.0,
/// docs/gen-ai/gen-ai-spans.md, "Capturing inputs and outputs").
extension UpstreamCall {
    func setRequestContent(_ request: CallRequest, on record: SpanRecord) {
        let endpoint = request.endpoint
        // Scanned anew only where the scanner has served another call since the body was read.
        body.withBytes { bytes in
            services.bench.read(bytes, scan: request.scan) { document, content in
                var json = ByteBuffer(capacity: bytes.count)
                if content.appendInputMessages(of: document, endpoint: endpoint, to: &json) {
                    record.setContent(GenAIAttributes.inputMessages, json: json.bytes)
                }
                json.removeAll()
                if content.appendSystemInstructions(of: document, endpoint: endpoint, to: &json) {
                    record.setContent(GenAIAttributes.systemInstructions, json: json.bytes)
                }
                json.removeAll()
                if content.appendToolDefinitions(of: document, to: &json) {
                    record.setContent(GenAIAttributes.toolDefinitions, json: json.bytes)
                }
            }
        }
    }

    func setAnswerContent(_ request: CallRequest, on record: SpanRecord) {
        guard request.endpoint != .embeddings else { return }
        var json = ByteBuffer(capacity: 512)
        if tap.appendMessages(endpoint: request.endpoint, bench: services.bench, to: &json) {
            record.setContent(GenAIAttributes.outputMessages, json: json.bytes)
        }
    }
}
