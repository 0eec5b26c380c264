import Bytes
import OpenAIAPI
import Testing

struct EndpointTests {
    static let decisions: [(String, String, CallDecision)] = [
        ("POST", "/v1/chat/completions", .typed(.chatCompletions)),
        ("POST", "/chat/completions", .typed(.chatCompletions)),
        ("POST", "/v1/completions", .typed(.completions)),
        ("POST", "/completions", .typed(.completions)),
        ("POST", "/v1/embeddings", .typed(.embeddings)),
        ("POST", "/embeddings", .typed(.embeddings)),
        ("POST", "/v1/responses", .typed(.responses)),
        ("POST", "/responses", .typed(.responses)),
        ("GET", "/v1/chat/completions", .relayed(.chatCompletions)),
        ("HEAD", "/v1/chat/completions", .methodNotAllowed(allow: .typed)),
        ("PUT", "/v1/chat/completions", .methodNotAllowed(allow: .typed)),
        ("PATCH", "/embeddings", .methodNotAllowed(allow: .typed)),
        ("DELETE", "/v1/completions", .methodNotAllowed(allow: .typed)),
        ("post", "/v1/completions", .methodNotAllowed(allow: .typed)),
        ("OPTIONS", "/v1/responses", .options(allow: .typed)),
        ("OPTIONS", "/v1/files", .options(allow: .relayed)),
        ("GET", "/v1/models", .models),
        ("GET", "/models", .models),
        ("HEAD", "/v1/models", .relayed(.models)),
        ("GET", "/v1/models/gpt-4o", .relayed(.other)),
        ("GET", "/v1/models/meta-llama%2FLlama-3.1", .relayed(.other)),
        ("GET", "/v1/responses/resp_1", .relayed(.other)),
        ("DELETE", "/v1/files/file-1", .relayed(.other)),
        ("PATCH", "/v1/x", .relayed(.other)),
        ("PUT", "/v1/x", .relayed(.other)),
        ("POST", "/v1/images/generations", .relayed(.other)),
        ("TRACE", "/v1/x", .methodNotAllowed(allow: .relayed)),
        ("GET", "/v1", .notFound),
        ("GET", "/v1/", .notFound),
        ("GET", "/", .notFound),
        ("GET", "", .notFound),
        ("POST", "/files", .notFound),
        ("POST", "/v2/chat/completions", .notFound),
        ("POST", "/v1chat/completions", .notFound),
    ]

    @Test(arguments: decisions)
    func `a method and a path decide what is done`(
        _ method: String, _ path: String, _ expected: CallDecision
    ) {
        let method = buffer(method)
        let path = buffer(path)
        #expect(CallDecision(method: method.bytes, path: path.bytes) == expected)
    }

    @Test(arguments: [
        "/v1//chat/completions", "//v1/chat/completions", "/v1/chat//completions",
        "/v1/chat/completions/", "/v1/chat/completions;x", "/v1/chat;x=1/completions",
        "/v1/./chat/completions", "/v1/x/../chat/completions", "/v1/%2e%2e/admin", "/v1/..",
        "/v1/.%2E/chat", "/v1/..%2fadmin", "/v1/..\\admin", "/v1/a/..;/b", "/v1/%63hat/completions",
        "/v1/chat%2Fcompletions", "/v1/chat%5ccompletions", "/v1/Chat/Completions",
        "/v1/CHAT/COMPLETIONS", "/v1/%252e%252e/x", "/v1/embeddings#x", "/v1/embeddings/",
        "/v1/%65mbeddings%3fx", "/v1/a b", "/v1/\u{e9}", "/v1/a\u{0}b", "/V1/chat/completions",
        "/chat/completions/", "/v1/responses//",
    ])
    func `a typed path in disguise is not found`(_ path: String) {
        let method = buffer("POST")
        let path = buffer(path)
        #expect(CallDecision(method: method.bytes, path: path.bytes) == .notFound)
    }

    @Test
    func `every endpoint knows its operation`() {
        #expect(Endpoint.completions.operationName?.description == "text_completion")
        #expect(Endpoint.responses.operationName?.description == "chat")
        #expect(Endpoint.models.operationName == nil)
        #expect(AllowList.typed.value.description == "GET, POST, OPTIONS")
        #expect(!Endpoint.models.isTyped && Endpoint.responses.isTyped)
    }
}
