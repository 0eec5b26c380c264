import Bytes
import Testing
import Upstream

@Suite struct URLRedactionTests {
    @Test(
        "credentials in a URL's query are not recorded, everything else is",
        arguments: [
            ("http://h/v1/x", "http://h/v1/x"), ("http://h/x?", "http://h/x?"),
            ("http://h/x?a=1&b", "http://h/x?a=1&b"),
            ("http://h/x?api_key=s", "http://h/x?api_key=REDACTED"),
            ("http://h/x?API-KEY=s&a=1", "http://h/x?API-KEY=REDACTED&a=1"),
            ("http://h/x?a=1&key=s=t&key=", "http://h/x?a=1&key=REDACTED&key=REDACTED"),
            ("http://h/x?monkey=s&keys=t", "http://h/x?monkey=s&keys=t"),
            ("http://h/x?key&access_token=s#f", "http://h/x?key&access_token=REDACTED"),
            (
                "http://h/x?X-Amz-Signature=s&sig=t",
                "http://h/x?X-Amz-Signature=REDACTED&sig=REDACTED"
            ),
            ("http://h/x?a?key=s&token=t", "http://h/x?a?key=s&token=REDACTED"),
            ("http://h/x?&&=&", "http://h/x?&&=&"),
        ])
    func redacts(_ url: String, _ recorded: String) {
        var buffer = ByteBuffer()
        URLRedaction.append(url.utf8.span, to: &buffer)
        #expect(String(decoding: buffer.bytes) == recorded)
    }
}

@Suite struct ProviderNameTests {
    @Test(
        "a provider is told by its host",
        arguments: [
            ("api.openai.com", "openai", "openai"), ("api.x.ai", "x_ai", "xai"),
            ("my.openai.azure.com", "azure.ai.openai", "az.ai.openai"),
            ("openai.azure.com.evil.test", "openai", "openai"),
            ("generativelanguage.googleapis.com", "gcp.gemini", "gemini"),
            ("bedrock-runtime.eu-west-1.amazonaws.com", "aws.bedrock", "aws.bedrock"),
            ("API.Groq.com", "groq", "groq"), ("api.mistral.ai", "mistral_ai", "mistral_ai"),
            ("api.deepseek.com", "deepseek", "deepseek"), ("eu.api.openai.com", "openai", "openai"),
            ("api.perplexity.ai", "perplexity", "perplexity"),
            ("api.anthropic.com", "anthropic", "anthropic"), ("api.cohere.ai", "cohere", "cohere"),
            ("us-central1-aiplatform.googleapis.com", "gcp.vertex_ai", "vertex_ai"),
            ("aiplatform.googleapis.com", "gcp.vertex_ai", "vertex_ai"),
            ("my.services.ai.azure.com", "azure.ai.inference", "az.ai.inference"),
            ("eu-de.ml.cloud.ibm.com", "ibm.watsonx.ai", "ibm.watsonx.ai"),
            ("vllm-1.elb.eu-west-1.amazonaws.com", "openai", "openai"),
            ("api.x.ai.example.com", "openai", "openai"), ("", "openai", "openai"),
            ("fakeapi.groq.com", "openai", "openai"), ("localhost", "openai", "openai"),
        ])
    func tells(_ host: String, _ name: String, _ legacy: String) {
        let provider = ProviderName(host: host)
        #expect(provider.name == name)
        #expect(provider.legacyName == legacy)
    }

    @Test func `a configured name stands, with its old form where it had one`() {
        #expect(ProviderName(named: "x_ai").legacyName == "xai")
        #expect(ProviderName(named: "house").legacyName == "house")
    }
}
