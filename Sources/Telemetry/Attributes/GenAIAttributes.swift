/// Generative AI spans: semantic conventions v1.40.0, docs/gen-ai, all of status Development.
package enum GenAIAttributes {
    package static let operationName = AttributeKey<String>("gen_ai.operation.name")
    package static let providerName = AttributeKey<String>("gen_ai.provider.name")
    /// The name before v1.37, for receivers that know no other; with its own old values.
    package static let system = AttributeKey<String>("gen_ai.system")
    package static let conversationID = AttributeKey<String>("gen_ai.conversation.id")
    package static let outputType = AttributeKey<String>("gen_ai.output.type")

    package static let requestModel = AttributeKey<String>("gen_ai.request.model")
    package static let requestChoiceCount = AttributeKey<Int>("gen_ai.request.choice.count")
    package static let requestSeed = AttributeKey<Int>("gen_ai.request.seed")
    package static let requestFrequencyPenalty = AttributeKey<Double>(
        "gen_ai.request.frequency_penalty")
    package static let requestMaxTokens = AttributeKey<Int>("gen_ai.request.max_tokens")
    package static let requestPresencePenalty = AttributeKey<Double>(
        "gen_ai.request.presence_penalty")
    package static let requestStopSequences = AttributeKey<[String]>(
        "gen_ai.request.stop_sequences")
    package static let requestTemperature = AttributeKey<Double>("gen_ai.request.temperature")
    package static let requestTopK = AttributeKey<Double>("gen_ai.request.top_k")
    package static let requestTopP = AttributeKey<Double>("gen_ai.request.top_p")
    /// Embeddings: an array even for one format.
    package static let requestEncodingFormats = AttributeKey<[String]>(
        "gen_ai.request.encoding_formats")
    package static let embeddingsDimensionCount = AttributeKey<Int>(
        "gen_ai.embeddings.dimension.count")

    /// One for each choice, in the order of the choices, as received.
    package static let responseFinishReasons = AttributeKey<[String]>(
        "gen_ai.response.finish_reasons")
    package static let responseID = AttributeKey<String>("gen_ai.response.id")
    package static let responseModel = AttributeKey<String>("gen_ai.response.model")

    /// Includes cached tokens.
    package static let usageInputTokens = AttributeKey<Int>("gen_ai.usage.input_tokens")
    package static let usageOutputTokens = AttributeKey<Int>("gen_ai.usage.output_tokens")
    package static let usageCacheReadInputTokens = AttributeKey<Int>(
        "gen_ai.usage.cache_read.input_tokens")
    package static let usageCacheCreationInputTokens = AttributeKey<Int>(
        "gen_ai.usage.cache_creation.input_tokens")

    package static let inputMessages = AttributeKey<MessageContent>("gen_ai.input.messages")
    package static let outputMessages = AttributeKey<MessageContent>("gen_ai.output.messages")
    package static let systemInstructions = AttributeKey<MessageContent>(
        "gen_ai.system_instructions")
    package static let toolDefinitions = AttributeKey<MessageContent>("gen_ai.tool.definitions")

    // Additions of v1.41.0.

    /// Set only on streaming requests.
    package static let requestStream = AttributeKey<Bool>("gen_ai.request.stream")
    /// Seconds.
    package static let responseTimeToFirstChunk = AttributeKey<Double>(
        "gen_ai.response.time_to_first_chunk")
    /// Included in the output tokens.
    package static let usageReasoningOutputTokens = AttributeKey<Int>(
        "gen_ai.usage.reasoning.output_tokens")

    // Names before v1.37, sent only where the configuration asks for them.

    package static let usagePromptTokens = AttributeKey<Int>("gen_ai.usage.prompt_tokens")
    package static let usageCompletionTokens = AttributeKey<Int>(
        "gen_ai.usage.completion_tokens")
    package static let usageTotalTokens = AttributeKey<Int>("gen_ai.usage.total_tokens")
}

/// What spans of the provider `openai`, and no other, carry beside `GenAIAttributes`.
package enum OpenAIAttributes {
    package static let apiType = AttributeKey<String>("openai.api.type")
    /// Left out when the request says "auto".
    package static let requestServiceTier = AttributeKey<String>("openai.request.service_tier")
    package static let responseServiceTier = AttributeKey<String>("openai.response.service_tier")
    package static let responseSystemFingerprint = AttributeKey<String>(
        "openai.response.system_fingerprint")
}
