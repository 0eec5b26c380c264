/// The histograms that workers record. Names, units and buckets are those of the semantic
/// conventions v1.40.0, and for the two metrics of chunks those of v1.41.0.
package enum Instrument: Int, Sendable, CaseIterable {
    case operationDuration, tokenUsage, timeToFirstChunk, timePerOutputChunk
    case serverDuration, timeToFirstToken, timePerOutputToken
    case httpServerDuration, httpClientDuration
    case queueDuration
    case databaseDuration, lookupDuration

    /// What it is to the outside.
    package var definition: MetricDefinition { Self.definitions[rawValue] }

    /// By raw value.
    private static let definitions = allCases.map(definition(of:))

    private static func definition(of instrument: Instrument) -> MetricDefinition {
        switch instrument {
        case .operationDuration:
            MetricDefinition(
                "gen_ai.client.operation.duration", unit: "s", .histogram(.operation),
                "GenAI operation duration.")
        case .tokenUsage:
            MetricDefinition(
                "gen_ai.client.token.usage", unit: "{token}", .histogram(.tokens),
                "Number of input and output tokens used.")
        case .timeToFirstChunk:
            MetricDefinition(
                "gen_ai.client.operation.time_to_first_chunk", unit: "s", .histogram(.operation),
                "Time to receive the first chunk of a stream, from when the request was issued.")
        case .timePerOutputChunk:
            MetricDefinition(
                "gen_ai.client.operation.time_per_output_chunk", unit: "s",
                .histogram(.operation),
                "Time from the end of a stream's chunk to the end of the next.")
        case .serverDuration:
            MetricDefinition(
                "gen_ai.server.request.duration", unit: "s", .histogram(.operation),
                scope: .modelServer,
                "Generative AI server request duration, to the last byte of the answer.")
        case .timeToFirstToken:
            MetricDefinition(
                "gen_ai.server.time_to_first_token", unit: "s", .histogram(.firstToken),
                scope: .modelServer, "Time to generate first token for successful responses.")
        case .timePerOutputToken:
            MetricDefinition(
                "gen_ai.server.time_per_output_token", unit: "s", .histogram(.perToken),
                scope: .modelServer,
                "Time per output token generated after the first token for successful responses.")
        case .httpServerDuration:
            MetricDefinition(
                "http.server.request.duration", unit: "s", .histogram(.http),
                "Duration of HTTP server requests.")
        case .httpClientDuration:
            MetricDefinition(
                "http.client.request.duration", unit: "s", .histogram(.http),
                "Duration of HTTP client requests.")
        case .queueDuration:
            MetricDefinition(
                "martlet.request.queue.duration", unit: "s", .histogram(.queue),
                "Time from a request's arrival until it was sent to an upstream.")
        case .databaseDuration:
            MetricDefinition(
                "db.client.operation.duration", unit: "s", .histogram(.database),
                "Duration of database client operations.")
        case .lookupDuration:
            MetricDefinition(
                "martlet.cache.lookup.duration", unit: "s", .histogram(.queue),
                "Time it took to find out whether the cache has an answer.")
        }
    }

    var bounds: BucketBounds {
        guard case .histogram(let bounds) = definition.kind else { preconditionFailure() }
        return bounds
    }

    /// `http.server.active_requests` (semconv v1.40.0, docs/http), which is no histogram.
    static let activeRequests = MetricDefinition(
        "http.server.active_requests", unit: "{request}", .upDownCounter,
        "Number of active HTTP server requests.")
}
