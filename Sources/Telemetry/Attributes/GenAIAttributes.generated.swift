// Made by script/semconv from Sources/AttributeTable/{attributes,spans}.yaml: edit those.
// swift-format-ignore-file

/// Generative AI spans: semantic conventions v1.40.0, docs/gen-ai, all of status Development.
package enum GenAIAttributes {
    /// What is done: "chat", "text_completion", "embeddings".
    /// In development, since 1.36.0.
    package static let operationName = AttributeKey<String>("gen_ai.operation.name")
    /// Who is asked, as the convention names providers: "openai", "azure.ai.openai", ...
    /// In development, since 1.37.0.
    package static let providerName = AttributeKey<String>("gen_ai.provider.name")
    /// The name before v1.37, for receivers that know no other; with its own old values.
    /// In development, since 1.36.0; deprecated, now gen_ai.provider.name.
    package static let system = AttributeKey<String>("gen_ai.system")
    /// The id the caller or the provider gave the conversation; never one made up here.
    /// In development, since 1.36.0.
    package static let conversationID = AttributeKey<String>("gen_ai.conversation.id")
    /// The agent that asks, where the caller names it.
    /// In development, since 1.36.0.
    package static let agentID = AttributeKey<String>("gen_ai.agent.id")
    /// The name of that agent.
    /// In development, since 1.36.0.
    package static let agentName = AttributeKey<String>("gen_ai.agent.name")
    /// The kind of output asked for: "text", "json", "image", "speech".
    /// In development, since 1.36.0.
    package static let outputType = AttributeKey<String>("gen_ai.output.type")
    /// The model as asked for upstream.
    /// In development, since 1.36.0.
    package static let requestModel = AttributeKey<String>("gen_ai.request.model")
    /// Choices asked for; left out when one.
    /// In development, since 1.36.0.
    package static let requestChoiceCount = AttributeKey<Int>("gen_ai.request.choice.count")
    /// The seed; zero is a value.
    /// In development, since 1.36.0.
    package static let requestSeed = AttributeKey<Int>("gen_ai.request.seed")
    /// The frequency penalty.
    /// In development, since 1.36.0.
    package static let requestFrequencyPenalty = AttributeKey<Double>(
        "gen_ai.request.frequency_penalty")
    /// The limit of output tokens.
    /// In development, since 1.36.0.
    package static let requestMaxTokens = AttributeKey<Int>("gen_ai.request.max_tokens")
    /// The presence penalty.
    /// In development, since 1.36.0.
    package static let requestPresencePenalty = AttributeKey<Double>(
        "gen_ai.request.presence_penalty")
    /// Where the model is to stop; an array even for one.
    /// In development, since 1.36.0.
    package static let requestStopSequences = AttributeKey<[String]>(
        "gen_ai.request.stop_sequences")
    /// The temperature; zero is a value.
    /// In development, since 1.36.0.
    package static let requestTemperature = AttributeKey<Double>("gen_ai.request.temperature")
    /// The top-k limit, a double by the convention.
    /// In development, since 1.36.0.
    package static let requestTopK = AttributeKey<Double>("gen_ai.request.top_k")
    /// The top-p limit.
    /// In development, since 1.36.0.
    package static let requestTopP = AttributeKey<Double>("gen_ai.request.top_p")
    /// Embeddings: an array even for one format.
    /// In development, since 1.36.0.
    package static let requestEncodingFormats = AttributeKey<[String]>(
        "gen_ai.request.encoding_formats")
    /// Dimensions each embedding is to have.
    /// In development, since 1.38.0.
    package static let embeddingsDimensionCount = AttributeKey<Int>(
        "gen_ai.embeddings.dimension.count")
    /// One for each choice, in the order of the choices, as received.
    /// In development, since 1.36.0.
    package static let responseFinishReasons = AttributeKey<[String]>(
        "gen_ai.response.finish_reasons")
    /// The answer's id.
    /// In development, since 1.36.0.
    package static let responseID = AttributeKey<String>("gen_ai.response.id")
    /// The exact model that answered.
    /// In development, since 1.36.0.
    package static let responseModel = AttributeKey<String>("gen_ai.response.model")
    /// Includes cached tokens.
    /// In development, since 1.36.0.
    package static let usageInputTokens = AttributeKey<Int>("gen_ai.usage.input_tokens")
    /// Includes reasoning tokens.
    /// In development, since 1.36.0.
    package static let usageOutputTokens = AttributeKey<Int>("gen_ai.usage.output_tokens")
    /// Input tokens read from the provider's cache; included in the input tokens.
    /// In development, since 1.40.0.
    package static let usageCacheReadInputTokens = AttributeKey<Int>(
        "gen_ai.usage.cache_read.input_tokens")
    /// Input tokens written to the provider's cache; included in the input tokens.
    /// In development, since 1.40.0.
    package static let usageCacheCreationInputTokens = AttributeKey<Int>(
        "gen_ai.usage.cache_creation.input_tokens")
    /// The messages of the request, in the convention's schema.
    /// In development, since 1.37.0.
    package static let inputMessages = AttributeKey<MessageContent>("gen_ai.input.messages")
    /// The messages of the answer, in the convention's schema.
    /// In development, since 1.37.0.
    package static let outputMessages = AttributeKey<MessageContent>("gen_ai.output.messages")
    /// What the system tells the model, as parts.
    /// In development, since 1.37.0.
    package static let systemInstructions = AttributeKey<MessageContent>(
        "gen_ai.system_instructions")
    /// The tools offered to the model.
    /// In development, since 1.38.0.
    package static let toolDefinitions = AttributeKey<MessageContent>("gen_ai.tool.definitions")
    /// Set only on streaming requests.
    /// In development, since 1.41.0.
    package static let requestStream = AttributeKey<Bool>("gen_ai.request.stream")
    /// Seconds.
    /// In development, since 1.41.0.
    package static let responseTimeToFirstChunk = AttributeKey<Double>(
        "gen_ai.response.time_to_first_chunk")
    /// Included in the output tokens.
    /// In development, since 1.41.0.
    package static let usageReasoningOutputTokens = AttributeKey<Int>(
        "gen_ai.usage.reasoning.output_tokens")
    /// Now the input tokens.
    /// In development, since 1.36.0; deprecated, now gen_ai.usage.input_tokens.
    package static let usagePromptTokens = AttributeKey<Int>("gen_ai.usage.prompt_tokens")
    /// Now the output tokens.
    /// In development, since 1.36.0; deprecated, now gen_ai.usage.output_tokens.
    package static let usageCompletionTokens = AttributeKey<Int>("gen_ai.usage.completion_tokens")
    /// Their sum.
    /// In development, since 1.36.0; deprecated.
    package static let usageTotalTokens = AttributeKey<Int>("gen_ai.usage.total_tokens")
}

/// What spans of the provider `openai`, and no other, carry beside `GenAIAttributes`.
package enum OpenAIAttributes {
    /// "chat_completions" or "responses".
    /// In development, since 1.40.0.
    package static let apiType = AttributeKey<String>("openai.api.type")
    /// Left out when the request says "auto".
    /// In development, since 1.37.0.
    package static let requestServiceTier = AttributeKey<String>("openai.request.service_tier")
    /// The tier that served the request.
    /// In development, since 1.37.0.
    package static let responseServiceTier = AttributeKey<String>("openai.response.service_tier")
    /// The back end's configuration.
    /// In development, since 1.37.0.
    package static let responseSystemFingerprint = AttributeKey<String>(
        "openai.response.system_fingerprint")
}

/// What spans of the provider `azure.ai.inference` carry beside `GenAIAttributes`.
package enum AzureAttributes {
    /// "Microsoft.CognitiveServices".
    /// In development, since 1.36.0.
    package static let resourceProviderNamespace = AttributeKey<String>(
        "azure.resource_provider.namespace")
}

/// What spans of the provider `aws.bedrock` carry beside `GenAIAttributes`, where header fields
/// name it.
package enum BedrockAttributes {
    /// The guardrail that the call goes through.
    /// In development, since 1.36.0.
    package static let guardrailID = AttributeKey<String>("aws.bedrock.guardrail.id")
    /// The knowledge base that it draws on.
    /// In development, since 1.36.0.
    package static let knowledgeBaseID = AttributeKey<String>("aws.bedrock.knowledge_base.id")
}

/// HTTP spans: semantic conventions v1.40.0, docs/http, stable.
package enum HTTPAttributes {
    /// The method, or `_OTHER` where it is no known one.
    /// Stable, since 1.36.0.
    package static let requestMethod = AttributeKey<String>("http.request.method")
    /// Set where `http.request.method` is `_OTHER`.
    /// Stable, since 1.36.0.
    package static let requestMethodOriginal = AttributeKey<String>("http.request.method_original")
    /// The route's pattern, never the raw path.
    /// Stable, since 1.36.0.
    package static let route = AttributeKey<String>("http.route")
    /// The status, if one was received or sent.
    /// Stable, since 1.36.0.
    package static let responseStatusCode = AttributeKey<Int>("http.response.status_code")
    /// The name before v1.21, sent only where the configuration asks for old names.
    /// In development, since 1.36.0; deprecated, now http.response.status_code.
    package static let legacyStatusCode = AttributeKey<Int>("http.status_code")
    /// 1 on the first repetition, absent on the first attempt.
    /// Stable, since 1.36.0.
    package static let requestResendCount = AttributeKey<Int>("http.request.resend_count")
    /// Bytes.
    /// In development, since 1.36.0.
    package static let requestBodySize = AttributeKey<Int>("http.request.body.size")
    /// Bytes.
    /// In development, since 1.36.0.
    package static let responseBodySize = AttributeKey<Int>("http.response.body.size")
}

/// URL parts: semantic conventions v1.40.0, docs/registry, stable. Never with credentials.
package enum URLAttributes {
    /// The whole URL.
    /// Stable, since 1.36.0.
    package static let full = AttributeKey<String>("url.full")
    /// The path.
    /// Stable, since 1.36.0.
    package static let path = AttributeKey<String>("url.path")
    /// What follows the "?".
    /// Stable, since 1.36.0.
    package static let query = AttributeKey<String>("url.query")
    /// "http" or "https".
    /// Stable, since 1.36.0.
    package static let scheme = AttributeKey<String>("url.scheme")
    /// The path's pattern, on client spans.
    /// In development, since 1.36.0.
    package static let template = AttributeKey<String>("url.template")
}

/// Ends of connections: semantic conventions v1.40.0, docs/registry, stable.
package enum NetworkAttributes {
    /// The server's name: the upstream's, not a proxy's.
    /// Stable, since 1.36.0.
    package static let serverAddress = AttributeKey<String>("server.address")
    /// Its port.
    /// Stable, since 1.36.0.
    package static let serverPort = AttributeKey<Int>("server.port")
    /// The caller's address.
    /// Stable, since 1.36.0.
    package static let clientAddress = AttributeKey<String>("client.address")
    /// The caller's port.
    /// Stable, since 1.36.0.
    package static let clientPort = AttributeKey<Int>("client.port")
    /// The address at the other end of the connection.
    /// Stable, since 1.36.0.
    package static let peerAddress = AttributeKey<String>("network.peer.address")
    /// Its port.
    /// Stable, since 1.36.0.
    package static let peerPort = AttributeKey<Int>("network.peer.port")
    /// Left out where it is "http".
    /// Stable, since 1.36.0.
    package static let protocolName = AttributeKey<String>("network.protocol.name")
    /// "1.1" or "2".
    /// Stable, since 1.36.0.
    package static let protocolVersion = AttributeKey<String>("network.protocol.version")
    /// "tcp" or "unix".
    /// Stable, since 1.36.0.
    package static let transport = AttributeKey<String>("network.transport")
    /// The caller's user agent.
    /// Stable, since 1.36.0.
    package static let userAgentOriginal = AttributeKey<String>("user_agent.original")
}

/// Attributes that stand on spans of any kind: semantic conventions v1.40.0.
package enum GeneralAttributes {
    /// A low-cardinality identifier; set exactly when the status is an error.
    /// Stable, since 1.36.0.
    package static let errorType = AttributeKey<String>("error.type")
    /// Who uses the application, from baggage.
    /// In development, since 1.36.0.
    package static let userID = AttributeKey<String>("user.id")
    /// The session there, from baggage.
    /// In development, since 1.36.0.
    package static let sessionID = AttributeKey<String>("session.id")
}

/// The gateway's own namespace.
package enum MartletAttributes {
    /// The id in `x-request-id`.
    /// In development, since martlet 0.1.0.
    package static let requestID = AttributeKey<String>("martlet.request.id")
    /// The configured route that was taken.
    /// In development, since martlet 0.1.0.
    package static let route = AttributeKey<String>("martlet.route")
    /// The name of the caller's key, never the key.
    /// In development, since martlet 0.1.0.
    package static let keyAlias = AttributeKey<String>("martlet.key.alias")
    /// The configured upstream that was asked.
    /// In development, since martlet 0.1.0.
    package static let upstreamName = AttributeKey<String>("martlet.upstream.name")
    /// The model as the caller named it, where another is asked for upstream.
    /// In development, since martlet 0.1.0.
    package static let modelAlias = AttributeKey<String>("martlet.model.alias")
    /// Attempts on the wire for this request, retries included.
    /// In development, since martlet 0.1.0.
    package static let attemptCount = AttributeKey<Int>("martlet.attempt.count")
    /// Why there was another attempt.
    /// In development, since martlet 0.1.0.
    package static let attemptReason = AttributeKey<String>("martlet.attempt.reason")
    /// "hit", "miss", "refresh", "bypass", "off", "error" or "coalesced".
    /// In development, since martlet 0.1.0.
    package static let cacheStatus = AttributeKey<String>("martlet.cache.status")
    /// The cache had the answer.
    /// In development, since martlet 0.1.0.
    package static let cacheHit = AttributeKey<Bool>("cache.hit")
    /// The first half of the digest that stands for the request, in hexadecimal.
    /// In development, since martlet 0.1.0.
    package static let cacheKey = AttributeKey<String>("cache.key")
    /// Where the answer was found.
    /// In development, since martlet 0.1.0.
    package static let cacheStore = AttributeKey<String>("martlet.cache.store")
    /// Why the cache was not used, or the answer not kept.
    /// In development, since martlet 0.1.0.
    package static let cacheReason = AttributeKey<String>("martlet.cache.reason")
    /// Seconds since the answer was made.
    /// In development, since martlet 0.1.0.
    package static let cacheAge = AttributeKey<Int>("martlet.cache.age")
    /// Seconds for which the answer is kept.
    /// In development, since martlet 0.1.0.
    package static let cacheTTL = AttributeKey<Int>("martlet.cache.ttl")
    /// The namespace of the settings, or 8 digits that stand for the one the caller names.
    /// In development, since martlet 0.1.0.
    package static let cacheNamespace = AttributeKey<String>("martlet.cache.namespace")
    /// Bytes of the entry.
    /// In development, since martlet 0.1.0.
    package static let cacheBytes = AttributeKey<Int>("martlet.cache.bytes")
    /// The cosine of the request and the one whose answer was given.
    /// In development, since martlet 0.1.0.
    package static let cacheSimilarity = AttributeKey<Double>("martlet.cache.similarity")
    /// Inputs of an embeddings call whose vectors were known.
    /// In development, since martlet 0.1.0.
    package static let cacheItemsKnown = AttributeKey<Int>("martlet.cache.items.known")
    /// The trace in which the answer was made.
    /// In development, since martlet 0.1.0.
    package static let cacheOriginTraceID = AttributeKey<String>("martlet.cache.origin.trace_id")
    /// Tokens of input that were not paid for again.
    /// In development, since martlet 0.1.0.
    package static let cacheSavedInputTokens = AttributeKey<Int>("martlet.cache.saved.input_tokens")
    /// Tokens of output that were not paid for again.
    /// In development, since martlet 0.1.0.
    package static let cacheSavedOutputTokens = AttributeKey<Int>(
        "martlet.cache.saved.output_tokens")
    /// The answer was asked for as a stream.
    /// In development, since martlet 0.1.0.
    package static let stream = AttributeKey<Bool>("martlet.stream")
    /// Bytes of the request's body, as the caller sent it.
    /// In development, since martlet 0.1.0.
    package static let requestByteCount = AttributeKey<Int>("martlet.request.bytes")
    /// Bytes of the answer's body, as the caller got it.
    /// In development, since martlet 0.1.0.
    package static let responseByteCount = AttributeKey<Int>("martlet.response.bytes")
    /// Messages of a chat, items of a response's input, or prompts.
    /// In development, since martlet 0.1.0.
    package static let requestMessageCount = AttributeKey<Int>("martlet.request.message_count")
    /// How a stream ended.
    /// In development, since martlet 0.1.0.
    package static let streamEnd = AttributeKey<String>("martlet.stream.end")
    /// Events relayed to the caller.
    /// In development, since martlet 0.1.0.
    package static let streamChunkCount = AttributeKey<Int>("martlet.stream.chunk.count")
    /// Bytes relayed to the caller.
    /// In development, since martlet 0.1.0.
    package static let streamByteCount = AttributeKey<Int>("martlet.stream.byte.count")
    /// Output tokens a second, from the first token of content to the end.
    /// In development, since martlet 0.1.0.
    package static let streamTokenRate = AttributeKey<Double>("martlet.stream.tokens_per_second")
    /// Seconds of the longest wait for the next piece of a stream, waits for the caller apart.
    /// In development, since martlet 0.1.0.
    package static let streamGapMax = AttributeKey<Double>("martlet.stream.gap.max")
    /// Seconds from the call's start to that wait.
    /// In development, since martlet 0.1.0.
    package static let streamGapOffset = AttributeKey<Double>("martlet.stream.gap.offset")
    /// Such waits of at least `telemetry.streamStall`.
    /// In development, since martlet 0.1.0.
    package static let streamStallCount = AttributeKey<Int>("martlet.stream.stall.count")
    /// Seconds of those together.
    /// In development, since martlet 0.1.0.
    package static let streamStallTime = AttributeKey<Double>("martlet.stream.stall.time")
    /// Seconds in which the upstream was paused because the caller was slow.
    /// In development, since martlet 0.1.0.
    package static let streamBlockedTime = AttributeKey<Double>("martlet.stream.blocked.time")
    /// Seconds from the call's start to the first byte of the upstream's body.
    /// In development, since martlet 0.1.0.
    package static let timeToFirstByte = AttributeKey<Double>("martlet.time_to_first_byte")
    /// Seconds from the call's start to the first token of content.
    /// In development, since martlet 0.1.0.
    package static let timeToFirstToken = AttributeKey<Double>("martlet.time_to_first_token")
    /// The gateway asked for usage that the caller had not asked for.
    /// In development, since martlet 0.1.0.
    package static let usageInjected = AttributeKey<Bool>("martlet.usage.injected")
    /// The HTTP status answered to the caller, repeated on the GenAI span.
    /// In development, since martlet 0.1.0.
    package static let responseStatusCode = AttributeKey<Int>("martlet.response.status_code")
    /// The caller left before the end.
    /// In development, since martlet 0.1.0.
    package static let clientDisconnected = AttributeKey<Bool>("martlet.client.disconnected")
}

/// Calls of Redis: semantic conventions v1.40.0, docs/db; the attributes are stable.
package enum DatabaseAttributes {
    /// Which database.
    /// Stable, since 1.36.0.
    package static let systemName = AttributeKey<String>("db.system.name")
    /// The command as given, without a change of case; `PIPELINE GET` where a batch has one kind.
    /// Stable, since 1.36.0.
    package static let operationName = AttributeKey<String>("db.operation.name")
    /// The number of the database, as a text.
    /// Stable, since 1.36.0.
    package static let namespace = AttributeKey<String>("db.namespace")
    /// Commands sent together; never 1.
    /// Stable, since 1.36.0.
    package static let operationBatchSize = AttributeKey<Int>("db.operation.batch.size")
    /// The command with "?" for its values.
    /// Stable, since 1.36.0.
    package static let queryText = AttributeKey<String>("db.query.text")
    /// The command and what it works on, in few words.
    /// Stable, since 1.36.0.
    package static let querySummary = AttributeKey<String>("db.query.summary")
    /// The first word of an error: "ERR", "MOVED", ...
    /// Stable, since 1.36.0.
    package static let responseStatusCode = AttributeKey<String>("db.response.status_code")
    /// The name or digest of a script.
    /// Stable, since 1.36.0.
    package static let storedProcedureName = AttributeKey<String>("db.stored_procedure.name")
}
