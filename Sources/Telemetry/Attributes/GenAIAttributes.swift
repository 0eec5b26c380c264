/// Generative AI spans: semantic conventions v1.40.0, docs/gen-ai, all of status Development.
package enum GenAIAttributes {
    /// What is done: "chat", "text_completion", "embeddings".
    package static let operationName = AttributeKey<String>("gen_ai.operation.name")
    /// Who is asked, as the convention names providers: "openai", "azure.ai.openai", ...
    package static let providerName = AttributeKey<String>("gen_ai.provider.name")
    /// The name before v1.37, for receivers that know no other; with its own old values.
    package static let system = AttributeKey<String>("gen_ai.system")
    /// The id the caller or the provider gave the conversation; never one made up here.
    package static let conversationID = AttributeKey<String>("gen_ai.conversation.id")
    /// The agent that asks, where the caller names it.
    package static let agentID = AttributeKey<String>("gen_ai.agent.id")
    /// Its name.
    package static let agentName = AttributeKey<String>("gen_ai.agent.name")
    /// The kind of output asked for: "text", "json", "image", "speech".
    package static let outputType = AttributeKey<String>("gen_ai.output.type")

    /// The model as asked for upstream.
    package static let requestModel = AttributeKey<String>("gen_ai.request.model")
    /// Choices asked for; left out when one.
    package static let requestChoiceCount = AttributeKey<Int>("gen_ai.request.choice.count")
    /// The seed; zero is a value.
    package static let requestSeed = AttributeKey<Int>("gen_ai.request.seed")
    /// The frequency penalty.
    package static let requestFrequencyPenalty = AttributeKey<Double>(
        "gen_ai.request.frequency_penalty")
    /// The limit of output tokens.
    package static let requestMaxTokens = AttributeKey<Int>("gen_ai.request.max_tokens")
    /// The presence penalty.
    package static let requestPresencePenalty = AttributeKey<Double>(
        "gen_ai.request.presence_penalty")
    /// Where the model is to stop; an array even for one.
    package static let requestStopSequences = AttributeKey<[String]>(
        "gen_ai.request.stop_sequences")
    /// The temperature; zero is a value.
    package static let requestTemperature = AttributeKey<Double>("gen_ai.request.temperature")
    /// The top-k limit, a double by the convention.
    package static let requestTopK = AttributeKey<Double>("gen_ai.request.top_k")
    /// The top-p limit.
    package static let requestTopP = AttributeKey<Double>("gen_ai.request.top_p")
    /// Embeddings: an array even for one format.
    package static let requestEncodingFormats = AttributeKey<[String]>(
        "gen_ai.request.encoding_formats")
    /// Dimensions each embedding is to have.
    package static let embeddingsDimensionCount = AttributeKey<Int>(
        "gen_ai.embeddings.dimension.count")

    /// One for each choice, in the order of the choices, as received.
    package static let responseFinishReasons = AttributeKey<[String]>(
        "gen_ai.response.finish_reasons")
    /// The answer's id.
    package static let responseID = AttributeKey<String>("gen_ai.response.id")
    /// The exact model that answered.
    package static let responseModel = AttributeKey<String>("gen_ai.response.model")

    /// Includes cached tokens.
    package static let usageInputTokens = AttributeKey<Int>("gen_ai.usage.input_tokens")
    /// Includes reasoning tokens.
    package static let usageOutputTokens = AttributeKey<Int>("gen_ai.usage.output_tokens")
    /// Input tokens read from the provider's cache; included in the input tokens.
    package static let usageCacheReadInputTokens = AttributeKey<Int>(
        "gen_ai.usage.cache_read.input_tokens")
    /// Input tokens written to the provider's cache; included in the input tokens.
    package static let usageCacheCreationInputTokens = AttributeKey<Int>(
        "gen_ai.usage.cache_creation.input_tokens")

    /// The messages of the request, in the convention's schema.
    package static let inputMessages = AttributeKey<MessageContent>("gen_ai.input.messages")
    /// The messages of the answer, in the convention's schema.
    package static let outputMessages = AttributeKey<MessageContent>("gen_ai.output.messages")
    /// What the system tells the model, as parts.
    package static let systemInstructions = AttributeKey<MessageContent>(
        "gen_ai.system_instructions")
    /// The tools offered to the model.
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

    /// Now the input tokens.
    package static let usagePromptTokens = AttributeKey<Int>("gen_ai.usage.prompt_tokens")
    /// Now the output tokens.
    package static let usageCompletionTokens = AttributeKey<Int>(
        "gen_ai.usage.completion_tokens")
    /// Their sum.
    package static let usageTotalTokens = AttributeKey<Int>("gen_ai.usage.total_tokens")
}

/// What spans of the provider `openai`, and no other, carry beside `GenAIAttributes`.
package enum OpenAIAttributes {
    /// "chat_completions" or "responses".
    package static let apiType = AttributeKey<String>("openai.api.type")
    /// Left out when the request says "auto".
    package static let requestServiceTier = AttributeKey<String>("openai.request.service_tier")
    /// The tier that served the request.
    package static let responseServiceTier = AttributeKey<String>("openai.response.service_tier")
    /// The back end's configuration.
    package static let responseSystemFingerprint = AttributeKey<String>(
        "openai.response.system_fingerprint")
}

/// What spans of the provider `azure.ai.inference` carry beside `GenAIAttributes`.
package enum AzureAttributes {
    /// "Microsoft.CognitiveServices".
    package static let resourceProviderNamespace = AttributeKey<String>(
        "azure.resource_provider.namespace")
}
