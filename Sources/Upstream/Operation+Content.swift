import Bytes
import JSON
import OpenAIAPI
import Privacy
import Telemetry

/// Prompts and answers on the GenAI span, where an exporter wants them (semconv v1.40.0,
/// docs/gen-ai/gen-ai-spans.md, "Capturing inputs and outputs").
extension Operation {
    func setRequestContent(on record: SpanRecord) {
        let endpoint = request.endpoint
        // Scanned anew only where the scanner has served another call since the body was read.
        body.withBytes { bytes in
            services.bench.read(bytes, scan: request.scan) { document, content in
                var json = ByteBuffer()
                swap(&json, &services.bench.messages)
                defer {
                    json.removeAll(keeping: Workbench.messageBytesKept)
                    swap(&json, &services.bench.messages)
                }
                json.reserve(bytes.count + bytes.count / 4)
                if content.appendInputMessages(of: document, endpoint: endpoint, to: &json) {
                    set(GenAIAttributes.inputMessages, json, on: record)
                }
                json.removeAll()
                if content.appendSystemInstructions(of: document, endpoint: endpoint, to: &json) {
                    set(GenAIAttributes.systemInstructions, json, on: record)
                }
                json.removeAll()
                if content.appendToolDefinitions(of: document, to: &json) {
                    set(GenAIAttributes.toolDefinitions, json, on: record)
                }
            }
        }
    }

    func setAnswerContent(on record: SpanRecord) {
        guard request.endpoint != .embeddings else { return }
        var json = ByteBuffer()
        swap(&json, &services.bench.messages)
        defer {
            json.removeAll(keeping: Workbench.messageBytesKept)
            swap(&json, &services.bench.messages)
        }
        if tap.appendMessages(endpoint: request.endpoint, bench: services.bench, to: &json) {
            set(GenAIAttributes.outputMessages, json, on: record)
        }
    }

    /// The one place through which message content comes onto a span: in each form that some
    /// exporter may have, so that what must not leave is not there to leave.
    private func set(
        _ key: AttributeKey<Telemetry.MessageContent>, _ json: borrowing ByteBuffer,
        on record: SpanRecord
    ) {
        if contentForms.contains(ContentForm.full) {
            record.setContent(key, json: json.bytes, form: .full)
        }
        for form in [ContentForm.redacted, .hashed] where contentForms.contains(form) {
            var strict = ByteBuffer(capacity: json.count)
            if services.bench.filter.append(json.bytes, as: form, to: &strict) {
                record.setContent(key, json: strict.bytes, form: form)
            }
        }
    }

    /// Decides what of this call's content is recorded.
    func chooseContentForms() {
        contentForms = withRoute { path, model in
            services.content.forms(tenant: tenant, path: path, model: model)
        }
    }

    /// The form in which texts of this call are recorded that stand beside its messages.
    var textForm: ContentForm {
        withRoute { path, model in
            services.content.textForm(tenant: tenant, path: path, model: model)
        }
    }

    /// `gen_ai.request.stop_sequences`: texts of the caller's.
    func setStopSequences(on record: SpanRecord) {
        guard !request.stopSequences.isEmpty, request.endpoint != .embeddings else { return }
        let form = textForm
        for sequence in request.stopSequences {
            var text = ByteBuffer(capacity: sequence.contents.count)
            body.withBytes { sequence.append(from: $0, to: &text) }
            var kept = ByteBuffer(capacity: text.count)
            if services.bench.filter.append(text: text.bytes, as: form, to: &kept) {
                record.append(GenAIAttributes.requestStopSequences, kept.bytes)
            }
        }
    }

    /// Lends what rules ask of a call: its path and its model.
    private func withRoute<Result>(_ read: (Span<UInt8>, Span<UInt8>) -> Result) -> Result {
        var path = ByteBuffer(capacity: 32)
        path.append("/v1")
        path.append(request.endpoint.path ?? "")
        var model = ByteBuffer(capacity: 64)
        body.withBytes { request.model.append(from: $0, to: &model) }
        return read(path.bytes, model.bytes)
    }
}
