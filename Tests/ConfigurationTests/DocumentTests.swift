import Configuration
import Foundation
import Testing

struct DocumentTests {
    @Test func `the committed example file is what the table says`() throws {
        let text = ConfigurationDocuments.exampleFile()
        #expect(try Repository.golden("config/martlet.yaml", becoming: text) == text)
    }

    @Test func `the committed reference is what the table says`() throws {
        let text = ConfigurationDocuments.referencePage()
        let path = "Sources/Gateway/Gateway.docc/Configuration.md"
        #expect(try Repository.golden(path, becoming: text) == text)
    }

    @Test func `the example file runs as it is, on the defaults`() throws {
        let loaded = try load(ConfigurationDocuments.exampleFile())
        #expect(loaded.settings == Settings())
        #expect(loaded.warnings.isEmpty)
    }

    @Test func `every line of the example file can be taken into use and changes no default`()
        throws
    {
        let text = ConfigurationDocuments.exampleFile()
            .replacing(/(?m)^( *)#(?=[a-zA-Z]+: )/) { $0.output.1 }
        let loaded = try load(
            text,
            environment: [
                "OPENAI_API_KEY": "sk-test", "ACME_KEY": "k3", "MARTLET_SECRET_VALUE": "s",
                "OTLP_HEADERS": "a=b", "REDIS_URL": "redis://:pw@127.0.0.1:6379/0",
                "EMBEDDINGS_KEY": "sk-e",
            ],
            files: ["/run/secrets/client-keys": "k1\nk2\n", "/run/secrets/admin-key": "a"])
        let defaults = Settings().summary
        let examples = [
            "upstream.provider", "upstream.apiKey", "upstream.caFile", "keys.clientKeys",
            "secret", "admin.key", "cache.redisURL", "cache.redisCAFile", "cache.namespace",
            "cache.semanticModel", "cache.semanticURL", "cache.semanticKey",
            "content.rules", "content.patterns",
            "telemetry.headerAttributes",
            "export.endpoint", "export.tracesEndpoint", "export.headers", "export.caFile",
            "export.clientCertificateFile",
            "export.clientKeyFile", "export.serviceName",
        ]
        for (now, standard) in zip(loaded.settings.summary, defaults)
        where !examples.contains(now.path) {
            #expect(now.value == standard.value, "\(now.path)")
        }
        #expect(loaded.settings.upstream.provider == "openai")
        #expect(loaded.settings.keys.clientKeys.map { $0.key.reveal() } == ["k1", "k2", "k3"])
        #expect(loaded.settings.keys.clientKeys.map(\.name) == [nil, nil, "acme"])
        #expect(loaded.settings.content.rules.count == 2)
        #expect(loaded.settings.content.patterns.map(\.name) == ["employee"])
        #expect(loaded.settings.secret?.reveal() == "s")
        for (path, _) in defaults {
            let name = path.split(separator: ".").last ?? ""
            #expect(text.contains(try Regex("(?m)^ *\(name): ")), "\(path) is not in the file")
        }
    }

    @Test func `no line of the example file is longer than a page is wide`() {
        for line in ConfigurationDocuments.exampleFile().split(separator: "\n") {
            #expect(line.count <= 100, "\(line)")
        }
    }

    @Test(arguments: Repository.files(in: Repository.examples, suffix: ".yaml"))
    func `each example loads without a warning`(name: String) throws {
        let url = Repository.examples.appending(path: name)
        let loaded = try load(
            try String(contentsOf: url, encoding: .utf8),
            environment: [
                "OPENAI_API_KEY": "sk-test", "BATCH_JOB_KEY": "k3",
                "COMPANY_PROXY": "http://user:word@proxy.example:3128",
            ],
            files: [
                "/run/secrets/client-keys": "k1\nk2\n",
                "/run/secrets/martlet-secret": "s\n", "/run/secrets/admin-key": "a\n",
                "/run/secrets/redis-url": "rediss://ann:word@redis.example/1\n",
            ])
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.settings != Settings())
    }

    @Test func `there are examples`() {
        #expect(Repository.files(in: Repository.examples, suffix: ".yaml").count >= 5)
    }
}
