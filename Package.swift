// swift-tools-version: 6.2
// The module graph of Martlet, storey by storey: a target may depend only on those above it in
// this file. `script/build` passes the flag that turns an undeclared import into an error, and
// TidyTests hold each C library to its one driver.

import PackageDescription

let shipped: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    // Exclusivity is checked in debug builds and tests; in release it costs a fifth of the
    // user-space instructions of a request.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let tested: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableExperimentalFeature("Lifetimes"),
]

func module(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: shipped)
}

func tests(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: tested)
}

let package = Package(
    name: "martlet",
    products: [.executable(name: "martlet", targets: ["MartletCommand"])],
    targets: [
        // C libraries: module maps and typed inlines, no Swift.
        .systemLibrary(name: "CLibUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        // Its pkg-config file has a flag that SwiftPM drops with a warning: the map links it.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CSimdjson", cxxSettings: [.unsafeFlags(["-O2"])],
            linkerSettings: [.linkedLibrary("simdjson")]),

        // Values: pure, no I/O, no clock.
        module("Bytes"),
        module("HTTP1", "Bytes"),
        module("W3CTraceContext", "Bytes"),

        // Drivers: one C library each, the only places for `unsafe` beside Bytes.
        module("Networking", "Bytes", "CLibUV"),
        module("Crypto", "Bytes", "COpenSSL"),
        module("Compression", "Bytes", "CZlib"),
        module("JSON", "Bytes", "CSimdjson"),
        module("HTTPClient", "Bytes", "HTTP1", "Networking", "CCurl", "CLibUV"),
        module("Redis", "Bytes", "Networking", "Crypto", "CHiredis"),
        module("YAML", "CYAML"),
        module("Platform"),

        // Domain.
        module("Privacy", "Bytes", "Crypto", "JSON", "Platform"),
        module("Configuration", "Networking", "Privacy", "Redis", "YAML"),
        module("OpenAIAPI", "Bytes", "JSON", "Crypto"),
        module("Caching", "Bytes", "Crypto", "JSON", "Networking", "OpenAIAPI", "Redis"),
        module("HTTPServer", "Bytes", "HTTP1", "Networking"),
        module("Telemetry", "Bytes", "Privacy", "W3CTraceContext"),
        module(
            "OTLP", "Bytes", "Privacy", "Telemetry", "W3CTraceContext", "Networking",
            "HTTPClient", "Compression", "JSON"),
        module(
            "Upstream", "Bytes", "HTTP1", "W3CTraceContext", "Networking", "HTTPClient", "JSON",
            "OpenAIAPI", "Privacy", "Telemetry", "Configuration"),

        // House.
        module(
            "Gateway", "Bytes", "HTTP1", "W3CTraceContext", "Networking", "Crypto", "HTTPClient",
            "JSON", "Caching", "Configuration", "OpenAIAPI", "HTTPServer", "Privacy", "Redis",
            "Telemetry", "OTLP", "Upstream"),
        module(
            "MockProvider", "Bytes", "HTTP1", "Networking", "JSON", "HTTPServer"),
        module("SemanticConventions", "Bytes", "JSON", "Telemetry"),
        .executableTarget(
            name: "MartletCommand",
            dependencies: [
                "Bytes", "Configuration", "Gateway", "HTTP1", "HTTPClient", "JSON", "MockProvider",
                "Networking", "OpenAIAPI", "OTLP", "Platform", "Privacy", "Redis",
                "SemanticConventions", "Telemetry", "Upstream", "W3CTraceContext",
            ],
            swiftSettings: shipped),
        // What script/semconv runs: makes the Swift files of the table of attributes.
        .executableTarget(
            name: "AttributeTable", dependencies: ["Networking", "Platform", "YAML"],
            exclude: ["attributes.yaml", "spans.yaml"], swiftSettings: shipped),

        // Tests.
        .target(
            name: "GatewayTesting", dependencies: ["CTestSupport", "Networking"],
            path: "Tests/GatewayTesting",
            swiftSettings: tested),
        // What tests need of the runtime and the system that Swift does not show.
        .target(name: "CTestSupport", path: "Tests/CTestSupport"),
        tests("BytesTests", "Bytes"),
        tests("HTTP1Tests", "HTTP1", "Bytes"),
        tests("W3CTraceContextTests", "W3CTraceContext", "Bytes"),
        tests("JSONTests", "JSON", "Bytes"),
        tests("CryptoTests", "Crypto", "Bytes"),
        tests("CompressionTests", "Compression", "Bytes"),
        tests("OpenAIAPITests", "OpenAIAPI", "JSON", "Bytes"),
        tests(
            "CachingTests", "Caching", "Redis", "OpenAIAPI", "JSON", "Networking", "Crypto",
            "Bytes", "GatewayTesting"),
        tests("PrivacyTests", "Privacy", "Platform", "JSON", "Bytes"),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: ["Configuration", "Networking", "Privacy", "YAML"],
            exclude: ["Fixtures"], swiftSettings: tested),
        .testTarget(
            name: "TelemetryTests",
            dependencies: [
                "Telemetry", "OTLP", "Bytes", "Privacy", "W3CTraceContext", "Networking",
                "Compression", "GatewayTesting", "JSON",
            ],
            exclude: ["Fixtures"], swiftSettings: tested),
        tests("NetworkingTests", "Networking", "Bytes", "GatewayTesting"),
        tests("HTTPServerTests", "HTTPServer", "HTTP1", "Networking", "Bytes", "GatewayTesting"),
        tests("HTTPClientTests", "HTTP1", "HTTPClient", "Networking", "Bytes", "GatewayTesting"),
        tests("RedisTests", "Redis", "Bytes", "Networking", "GatewayTesting"),
        tests("MockProviderTests", "MockProvider", "Networking", "GatewayTesting"),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "GatewayTesting", "MockProvider", "Networking", "Configuration", "JSON",
                "Compression", "Privacy", "SemanticConventions", "Telemetry", "OTLP", "Upstream",
                "W3CTraceContext", "Bytes", "CTestSupport",
            ],
            exclude: ["Goldens"], swiftSettings: tested),
        tests("UpstreamTests", "Upstream", "Bytes"),
        tests("SemanticConventionsTests", "SemanticConventions", "AttributeTable", "Telemetry"),
        tests("TidyTests"),
        // Random spans, encoded, for a decoder that is not ours (Tests/Conformance, script/fuzz).
        .executableTarget(
            name: "ExportGenerator",
            dependencies: ["Bytes", "OTLP", "Telemetry", "W3CTraceContext"],
            path: "Tests/ExportGenerator", swiftSettings: tested),
        // Answers turned from one shape into the other, for a client that is not ours.
        .executableTarget(
            name: "ShapeConverter", dependencies: ["Bytes", "JSON", "OpenAIAPI"],
            path: "Tests/ShapeConverter", swiftSettings: tested),
        // The tools of `script/bench`: upstream, load, OTLP sink.
        .systemLibrary(name: "CEpoll", path: "Tests/CEpoll"),
        .executableTarget(
            name: "GatewayBenchmarks", dependencies: ["CEpoll"],
            path: "Tests/GatewayBenchmarks",
            exclude: ["harness", "thresholds.json"], swiftSettings: tested),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
