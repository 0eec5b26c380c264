import Bytes
import Caching
import JSON
import OpenAIAPI

/// SplitMix64: the same numbers in every run of a seed.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// True once in `count`.
    mutating func hits(oneIn count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    mutating func number(below count: Int) -> Int { Int.random(in: 0..<count, using: &self) }
}

/// A scope as ordinary values.
struct Scope {
    var path = "/v1/chat/completions"
    var query: String?
    var upstream = "https://api.openai.com/v1"
    var upstreamModel: String?
    var organization: String?
    var project: String?
    var beta: String?
    var credential: String? = "sk-one"
    var namespace: String?
    var isShared = false
}

private func array(_ text: String?) -> [UInt8]? { text.map { Array($0.utf8) } }

/// The key of a body, or nil.
func key(
    _ body: [UInt8], _ endpoint: Endpoint = .chatCompletions, _ scope: Scope = Scope(),
    secret: String = "secret"
) throws -> CacheKey? {
    let secret = Array(secret.utf8)
    var maker = CacheKeyMaker(secret: secret.span)
    return try key(body, endpoint, scope, maker: &maker)
}

func key(
    _ body: [UInt8], _ endpoint: Endpoint, _ scope: Scope, maker: inout CacheKeyMaker
) throws -> CacheKey? {
    var scanner = JSONScanner()
    let request = try CallRequest(body.span, endpoint: endpoint, scanner: &scanner)
    let document = scanner.document(body.span)
    let path = Array(scope.path.utf8)
    let query = array(scope.query)
    let upstream = Array(scope.upstream.utf8)
    let upstreamModel = array(scope.upstreamModel)
    let organization = array(scope.organization)
    let project = array(scope.project)
    let beta = array(scope.beta)
    let credential = array(scope.credential)
    let namespace = array(scope.namespace)
    let borrowed = CacheScope(
        path: path.span, query: query?.span, upstream: upstream.span,
        upstreamModel: upstreamModel?.span, organization: organization?.span,
        project: project?.span, beta: beta?.span, credential: credential?.span,
        namespace: namespace?.span, isShared: scope.isShared)
    return maker.key(of: document, request: request, scope: borrowed)
}

func key(
    _ body: String, _ endpoint: Endpoint = .chatCompletions, _ scope: Scope = Scope()
) throws -> CacheKey? {
    try key(Array(body.utf8), endpoint, scope)
}

func storeKey(_ key: CacheKey) -> String {
    var buffer = ByteBuffer()
    key.appendStoreKey(to: &buffer)
    return String(decoding: buffer.bytes)
}

func pattern(_ selector: CacheSelector) -> String {
    var buffer = ByteBuffer()
    selector.appendMatchPattern(to: &buffer)
    return String(decoding: buffer.bytes)
}
