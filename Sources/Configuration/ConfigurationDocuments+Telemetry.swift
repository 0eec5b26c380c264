extension ConfigurationDocuments {
    /// The reference's part on where traces go.
    static func telemetryVariables() -> String {
        var text = """
            ## Where telemetry goes

            By environment variables, or the section `export` of the file, over which they win. \
            Nothing is sent unless `EXPERIMENTAL_GEN_AI_OTEL_TRACES_ENABLED` is `true`, or an \
            endpoint of `OTEL_EXPORTER_OTLP_*` or an `OTEL_*_EXPORTER` is set; \
            `OTEL_EXPORTER_OTLP_ENDPOINT` switches on traces, metrics and logs. Both families set \
            make two exporters of traces; the same URL twice is one. An empty variable counts as \
            unset; a value that cannot be used is warned of at start-up and ignored. Times are \
            whole milliseconds.

            | variable | default | what it does |
            |---|---|---|

            """
        for variable in variables {
            text += "| `\(variable.name)` | \(variable.standard) | \(variable.doc) |\n"
        }
        return text + """

            `OTEL_EXPORTER_OTLP_TRACES_*`, `_METRICS_*` and `_LOGS_*` win over \
            `OTEL_EXPORTER_OTLP_*` for headers, protocol, compression, timeout, `INSECURE` and the \
            files too. The experimental push speaks `http/protobuf`; \
            compression, timeout and files are those of `OTEL_EXPORTER_OTLP_*`.

            """
    }

    private static let variables: [(name: String, standard: String, doc: String)] = [
        (
            "EXPERIMENTAL_GEN_AI_OTEL_TRACES_ENABLED", "`false`",
            "`true`: traces, message content included, are pushed to the next."
        ),
        (
            "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_ENDPOINT", "the `OTEL_*` endpoint",
            "Base URL; `/v1/traces` is appended where it does not end so."
        ),
        (
            "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "none",
            "Full URL, used as it is; wins over the base."
        ),
        (
            "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_HEADERS", "none",
            "`key=value,key=value`; values are percent-decoded and may hold spaces."
        ),
        (
            "EXPERIMENTAL_GEN_AI_OTEL_RESOURCE_ATTRIBUTES", "none",
            "Win over those of `OTEL_RESOURCE_ATTRIBUTES`."
        ),
        (
            "OTEL_TRACES_EXPORTER", "`otlp`, once an endpoint is set",
            "`otlp`, `console`, `none`, or a comma list."
        ),
        (
            "OTEL_METRICS_EXPORTER", "`otlp`, once an endpoint is set",
            "Likewise, of metrics; `prometheus` is `/metrics`, which is always there."
        ),
        ("OTEL_LOGS_EXPORTER", "`otlp`, once an endpoint is set", "Likewise, of log records."),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT", "`http://localhost:4318`, by gRPC `:4317`",
            "Base URL; `/v1/traces`, `/v1/metrics`, `/v1/logs` are appended. By gRPC a server."
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "none",
            "Full URL, used as it is; wins. Likewise `_METRICS_ENDPOINT`, `_LOGS_ENDPOINT`."
        ),
        (
            "OTEL_EXPORTER_OTLP_HEADERS", "none",
            "`key=value,key=value`, values percent-decoded."
        ),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL", "`http/protobuf`",
            "`http/protobuf`, `http/json` or `grpc`."
        ),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "`none`", "`none` or `gzip`."),
        (
            "OTEL_EXPORTER_OTLP_TIMEOUT", "`10000`",
            "For one request; with retries `OTEL_BSP_EXPORT_TIMEOUT` counts. `0` is no limit."
        ),
        (
            "OTEL_EXPORTER_OTLP_INSECURE", "`false`",
            "gRPC to an endpoint without a scheme: `true` is cleartext."
        ),
        (
            "OTEL_EXPORTER_OTLP_CERTIFICATE", "the system's",
            "PEM file of trusted authorities; beside it `_CLIENT_CERTIFICATE` and `_CLIENT_KEY`."
        ),
        (
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "by exporter",
            """
            `SPAN_ONLY`, `SPAN_AND_EVENT`, `true`: content on all; `NO_CONTENT`, `EVENT_ONLY`, \
            `false`: on none. Wins over `content.capture`.
            """
        ),
        ("OTEL_SERVICE_NAME", "`martlet`", "Wins over `service.name` of the attributes."),
        (
            "OTEL_SERVICE_VERSION", "the program's",
            "Wins over `service.version` of the attributes."
        ),
        (
            "OTEL_RESOURCE_ATTRIBUTES", "none",
            "`key=value,key=value`, percent-encoded; one error discards the list."
        ),
        (
            "OTEL_TRACES_SAMPLER", "`parentbased_always_on`",
            "`[parentbased_]always_on`, `[parentbased_]always_off`, `[parentbased_]traceidratio`."
        ),
        ("OTEL_TRACES_SAMPLER_ARG", "`1`", "Ratio from 0 to 1."),
        ("OTEL_PROPAGATORS", "`tracecontext,baggage`", "Those two, or `none`."),
        ("OTEL_SDK_DISABLED", "`false`", "`true`: no trace is recorded; propagation goes on."),
        ("OTEL_BSP_SCHEDULE_DELAY", "`5000`", "A batch waits this long at most."),
        ("OTEL_BSP_EXPORT_TIMEOUT", "`30000`", "For one export; `0` is no limit."),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "`2048`", "Spans that wait; more are dropped and counted."),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "`512`", "Spans of one batch."),
        (
            "OTEL_BLRP_SCHEDULE_DELAY", "`1000`",
            """
            Likewise for log records, beside `OTEL_BLRP_EXPORT_TIMEOUT`, `_MAX_QUEUE_SIZE`, \
            `_MAX_EXPORT_BATCH_SIZE`.
            """
        ),
        ("OTEL_METRIC_EXPORT_INTERVAL", "`60000`", "Between two pushes of metrics."),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "`30000`", "For one push; `0` is no limit."),
        (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "`cumulative`",
            "`cumulative`, `delta`, `lowmemory`."
        ),
        (
            "OTEL_METRICS_EXEMPLAR_FILTER", "`trace_based`",
            "`trace_based`, `always_on`, `always_off`."
        ),
        (
            "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "none",
            "Characters; else `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`."
        ),
        (
            "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "`128`",
            "Else `OTEL_ATTRIBUTE_COUNT_LIMIT`."
        ),
        (
            "OTEL_SPAN_EVENT_COUNT_LIMIT", "`128`",
            """
            Likewise `OTEL_SPAN_LINK_COUNT_LIMIT`, `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`, \
            `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT`.
            """
        ),
    ]
}
