import Bytes
import Crypto
import JSON
import OpenAIAPI

/// Makes the keys of calls, one after the other, reusing its memory. Confined to one thread at a
/// time: a worker has one.
///
/// A key is SHA-256 over what the scope says, each part with its length, and the body in a form
/// that is the same for bodies that cannot have different answers: white space and the ways to
/// escape a character do not count, nor does the order of the members at the top level and in each
/// message (elements of `messages`, for responses of `input`). Everywhere else the order counts,
/// since it changes answers (schemas, tools). `stream`, `stream_options`, `user` and `cache` at
/// the top level are left out. Numbers count by their source: "1.0" and "1" are two calls.
package struct CacheKeyMaker: ~Copyable {
    /// Of memory that grew for one call, so many bytes are kept for the next.
    static let keptBytesMax = 64 << 10
    /// So many bytes are gathered before they are hashed.
    static let gatheredBytesMax = 4096

    private var names: KeyedNames
    private var hash = SHA256()
    private var gathered = ByteBuffer(capacity: Self.gatheredBytesMax)
    private var members = MemberSorter()

    /// `secret`, of any length, keys the hash of callers' credentials.
    package init(secret: Span<UInt8>) {
        names = KeyedNames(secret: secret)
    }

    /// The key of a call, or nil where its answer must not be cached: a caller without a
    /// credential (unless answers are shared), an endpoint that makes no answers of its own, or a
    /// response that keeps or takes state at the provider's. `document` is the body `request` was
    /// read from, as the caller sent it; the call's method is POST.
    ///
    /// Of embeddings, an `input` with one element counts as that element, since the answers are
    /// the same; `item` asks for the key of the call that has this element alone as its input.
    package mutating func key(
        of document: borrowing JSONDocument, request: CallRequest, scope: borrowing CacheScope,
        item: JSONValue? = nil
    ) -> CacheKey? {
        guard request.endpoint.isTyped, scope.isShared || scope.credential?.isEmpty == false
        else { return nil }
        let root = document.root
        members.begin(keeping: Self.keptBytesMax)
        members.add(membersOf: root, in: document, leavesOut: true)
        if request.endpoint == .responses, !members.isStateless(document) { return nil }

        gathered.removeAll(keeping: Self.keptBytesMax)
        gathered.append("martlet cache key 1:")
        var tenant: UInt64 = 0
        if scope.isShared {
            gathered.append(UInt8(ascii: "s"))
        } else if let credential = scope.credential {
            gathered.append(UInt8(ascii: "t"))
            let digest = names.tenant(credential)
            gathered.append(digest.bytes)
            tenant = KeyedNames.short(digest)
        }
        append(scope)
        gathered.append(request.endpoint.rawValue)
        Self.append(
            document, listName: Self.messageList(request.endpoint),
            input: request.endpoint == .embeddings ? item ?? Self.onlyItem(document) : nil,
            members: &members, to: &gathered, hash: &hash)

        var namespace: UInt32?
        if let name = scope.namespace, !name.isEmpty { namespace = names.namespace(name) }
        return CacheKey(
            digest: hash.finish(), tenant: tenant, namespace: namespace,
            model: model(request.model, in: document))
    }

    /// The one element of `input`, where it is a text or an array of tokens.
    private static func onlyItem(_ document: borrowing JSONDocument) -> JSONValue? {
        guard let input = document.value("input", of: document.root),
            document.kind(of: input) == .array
        else { return nil }
        var elements = document.elements(of: input)
        guard let first = elements.next(), elements.next() == nil else { return nil }
        let kind = document.kind(of: first)
        return kind == .string || kind == .array ? first : nil
    }

    /// The member whose elements are messages.
    private static func messageList(_ endpoint: Endpoint) -> StaticString {
        switch endpoint {
        case .chatCompletions: "messages"
        case .responses: "input"
        default: ""
        }
    }

    private mutating func append(_ scope: borrowing CacheScope) {
        append(scope.path)
        append(scope.query)
        append(scope.upstream)
        append(scope.upstreamModel)
        append(scope.organization)
        append(scope.project)
        append(scope.beta)
        append(scope.namespace?.isEmpty == true ? nil : scope.namespace)
    }

    /// A part with its length in front, so that no two lists of parts are the same bytes.
    private mutating func append(_ part: Span<UInt8>?) {
        guard let part else { return gathered.append(littleEndian: UInt64.max) }
        gathered.append(littleEndian: UInt64(part.count))
        gathered.append(part)
    }

    private mutating func model(
        _ model: JSONText, in document: borrowing JSONDocument
    ) -> UInt32 {
        guard model.hasEscapes else {
            return KeyedNames.model(document.bytes.extracting(model.contents))
        }
        gathered.removeAll()
        model.append(from: document.bytes, to: &gathered)
        return KeyedNames.model(gathered.bytes)
    }
}
