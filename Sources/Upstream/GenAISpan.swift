import Bytes
import OpenAIAPI
import Privacy
import Telemetry

/// Fills the span of one operation of a model (semconv v1.40.0, docs/gen-ai/gen-ai-spans.md,
/// with the stream attributes of v1.41.0).
enum GenAISpan {
    /// Which of the conventions' older names are sent as well.
    struct Names {
        let systemAlias: Bool
        let legacyTokens: Bool
    }

    /// `{operation} {model}`, model as it is sent upstream.
    static func appendName(_ call: CallRequest, _ body: Span<UInt8>, to name: inout ByteBuffer) {
        name.append(call.endpoint.operationName ?? "chat")
        name.append(UInt8(ascii: " "))
        call.model.append(from: body, to: &name)
    }

    /// What endpoint and target decide.
    static func setKind(
        of endpoint: Endpoint, target: UpstreamTarget, names: Names, on span: SpanRecord
    ) {
        span.set(GenAIAttributes.operationName, endpoint.operationName ?? "chat")
        span.set(GenAIAttributes.providerName, target.provider.name)
        if names.systemAlias { span.set(GenAIAttributes.system, target.provider.legacyName) }
        span.set(NetworkAttributes.serverAddress, target.host)
        span.set(NetworkAttributes.serverPort, target.port)
        if target.provider.name == "azure.ai.inference" {
            span.set(AzureAttributes.resourceProviderNamespace, "Microsoft.CognitiveServices")
        }
        guard target.provider.name == "openai" else { return }
        switch endpoint {
        case .chatCompletions: span.set(OpenAIAttributes.apiType, "chat_completions")
        case .responses: span.set(OpenAIAttributes.apiType, "responses")
        default: break
        }
    }

    /// What the request says.
    static func setRequest(
        _ call: CallRequest, _ body: Span<UInt8>, target: UpstreamTarget, on span: SpanRecord
    ) {
        set(span, GenAIAttributes.requestModel, call.model, body)
        if call.endpoint == .embeddings {
            setEmbeddings(call, body, on: span)
        } else {
            setInference(call, body, on: span)
        }
        guard target.provider.name == "openai" else { return }
        if let tier = call.serviceTier, !body.extracting(tier.contents).equals("auto") {
            set(span, OpenAIAttributes.requestServiceTier, tier, body)
        }
    }

    private static func setInference(
        _ call: CallRequest, _ body: Span<UInt8>, on span: SpanRecord
    ) {
        if call.isStreaming { span.set(GenAIAttributes.requestStream, true) }
        if let value = call.temperature { span.set(GenAIAttributes.requestTemperature, value) }
        if let value = call.topP { span.set(GenAIAttributes.requestTopP, value) }
        if let value = call.topK { span.set(GenAIAttributes.requestTopK, value) }
        if let value = call.frequencyPenalty {
            span.set(GenAIAttributes.requestFrequencyPenalty, value)
        }
        if let value = call.presencePenalty {
            span.set(GenAIAttributes.requestPresencePenalty, value)
        }
        if let value = call.maxTokens { span.set(GenAIAttributes.requestMaxTokens, value) }
        if let value = call.choiceCount, value != 1 {
            span.set(GenAIAttributes.requestChoiceCount, value)
        }
        if let value = call.seed { span.set(GenAIAttributes.requestSeed, value) }
        if let value = call.outputType { span.set(GenAIAttributes.outputType, value.name) }
    }

    private static func setEmbeddings(
        _ call: CallRequest, _ body: Span<UInt8>, on span: SpanRecord
    ) {
        if let format = call.encodingFormat {
            append(span, GenAIAttributes.requestEncodingFormats, format, body)
        }
        if let value = call.dimensions {
            span.set(GenAIAttributes.embeddingsDimensionCount, value)
        }
    }

    /// What the answer says. `savesTokens`: its tokens were paid for by another call.
    static func setAnswer(
        _ facts: borrowing AnswerFacts, endpoint: Endpoint, target: UpstreamTarget, names: Names,
        savesTokens: Bool, on span: SpanRecord
    ) {
        if !facts.id.isEmpty { span.set(GenAIAttributes.responseID, facts.id) }
        if !facts.model.isEmpty { span.set(GenAIAttributes.responseModel, facts.model) }
        if facts.choices.contains(where: \.isFinished) {
            for position in facts.choices.indices {
                let reason = facts.finishReason(at: position)
                span.append(
                    GenAIAttributes.responseFinishReasons,
                    reason.isEmpty ? unfinished.bytes : reason)
            }
        }
        if let reason = facts.responseFinishReason {
            span.append(GenAIAttributes.responseFinishReasons, reason.bytes)
        }
        if !facts.conversationID.isEmpty {
            span.set(GenAIAttributes.conversationID, facts.conversationID)
        }
        if let dimensions = facts.embeddingDimensions {
            span.set(GenAIAttributes.embeddingsDimensionCount, dimensions)
        }
        if let usage = facts.usage, savesTokens {
            let (input, output) = tokens(of: usage, provider: target.provider.name)
            if let input { span.set(MartletAttributes.cacheSavedInputTokens, input) }
            if let output, endpoint != .embeddings {
                span.set(MartletAttributes.cacheSavedOutputTokens, output)
            }
        } else if let usage = facts.usage {
            setUsage(
                usage, endpoint: endpoint, provider: target.provider.name, names: names, on: span)
        }
        guard target.provider.name == "openai" else { return }
        if !facts.serviceTier.isEmpty {
            span.set(OpenAIAttributes.responseServiceTier, facts.serviceTier)
        }
        if !facts.systemFingerprint.isEmpty {
            span.set(OpenAIAttributes.responseSystemFingerprint, facts.systemFingerprint)
        }
    }

    /// Stands in the place of a choice that was cut off, so that the array keeps one element a
    /// choice.
    private static let unfinished: StaticString = "error"

    /// The tokens of an operation, cached and reasoning ones included whatever the provider's
    /// habit.
    static func tokens(
        of usage: AnswerFacts.Usage, provider: String
    ) -> (input: Int?, output: Int?) {
        let isAnthropic = provider == "anthropic"
        return (
            isAnthropic ? usage.inputTokensWithCached : usage.inputTokens,
            usage.outputTokensWithReasoning
        )
    }

    private static func setUsage(
        _ usage: AnswerFacts.Usage, endpoint: Endpoint, provider: String, names: Names,
        on span: SpanRecord
    ) {
        let (input, output) = tokens(of: usage, provider: provider)
        if let tokens = input { span.set(GenAIAttributes.usageInputTokens, tokens) }
        if let tokens = usage.cachedInputTokens {
            span.set(GenAIAttributes.usageCacheReadInputTokens, tokens)
        }
        if let tokens = usage.cacheCreationInputTokens {
            span.set(GenAIAttributes.usageCacheCreationInputTokens, tokens)
        }
        if names.legacyTokens {
            if let input { span.set(GenAIAttributes.usagePromptTokens, input) }
            if let output { span.set(GenAIAttributes.usageCompletionTokens, output) }
            if input != nil || output != nil {
                // Numbers of the provider: their sum may be none.
                let (total, overflows) = (input ?? 0).addingReportingOverflow(output ?? 0)
                if !overflows { span.set(GenAIAttributes.usageTotalTokens, total) }
            }
        }
        guard endpoint != .embeddings else { return }
        if let tokens = output { span.set(GenAIAttributes.usageOutputTokens, tokens) }
        if let tokens = usage.reasoningTokens {
            span.set(GenAIAttributes.usageReasoningOutputTokens, tokens)
        }
    }

    /// Marks the span as failed by an answer of the upstream: its own code where it names one,
    /// else the status (semconv v1.40.0, `error.type`). The upstream's sentence is recorded where
    /// `form` lets texts leave.
    static func setError(
        _ facts: borrowing AnswerFacts, status: Int, _ form: ContentForm, _ filter: ContentFilter,
        on span: SpanRecord
    ) {
        if let word = errorWord(facts) {
            span.set(GeneralAttributes.errorType, word)
        } else {
            span.set(GeneralAttributes.errorType, String(status))
        }
        var message = ByteBuffer(capacity: facts.errorMessage.count)
        if filter.append(errorMessage: facts.errorMessage, as: form, to: &message) {
            span.setError(message: message.bytes)
        } else {
            span.setError(message: "the upstream told of an error")
        }
    }

    /// The upstream's own word for what failed; nil where it has none that can be used, so that
    /// the status stands for it.
    @_lifetime(borrow facts)
    static func errorWord(_ facts: borrowing AnswerFacts) -> Span<UInt8>? {
        if isToken(facts.errorCode) { return facts.errorCode }
        if isToken(facts.errorType) { return facts.errorType }
        return nil
    }

    /// Of low cardinality and harmless, as far as a stranger's word can be: short, of few
    /// characters, and nothing that would be taken out of a text.
    private static func isToken(_ text: Span<UInt8>) -> Bool {
        guard text.count > 0, text.count <= 64 else { return false }
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: ":"):
                continue
            default: return false
            }
        }
        var nothing = ByteBuffer()
        return !Redaction.appendIfChanged(text, .errors, to: &nothing)
    }

    // MARK: Texts of the body

    static func set(
        _ span: SpanRecord, _ key: AttributeKey<String>, _ text: JSONText, _ body: Span<UInt8>
    ) {
        guard text.hasEscapes else { return span.set(key, body.extracting(text.contents)) }
        var decoded = ByteBuffer(capacity: text.contents.count)
        text.append(from: body, to: &decoded)
        span.set(key, decoded.bytes)
    }

    private static func append(
        _ span: SpanRecord, _ key: AttributeKey<[String]>, _ text: JSONText, _ body: Span<UInt8>
    ) {
        guard text.hasEscapes else { return span.append(key, body.extracting(text.contents)) }
        var decoded = ByteBuffer(capacity: text.contents.count)
        text.append(from: body, to: &decoded)
        span.append(key, decoded.bytes)
    }
}
