import Bytes
import JSON

/// Makes of a stream, event by event, the plain answer that the provider would have given without
/// `stream`; or refuses, with a reason, where it is not certain to.
///
/// It reads the documents that the stream's reader has scanned (`StreamReader.assembly`). Texts are
/// joined as they stand between their quotes, so nothing is decoded. A refusal is final and gives
/// the memory back. Events may come for ever: what is kept is bounded by `bytesMax` and by counts.
///
/// How members are put together: texts, arguments and lists are concatenated; of `id`, `created`,
/// `model` and `system_fingerprint` the first that says something stands, of `service_tier` and
/// `usage` the last. Members unknown here: one that comes with the same value each time is kept,
/// null and empty ones count as unsaid; of numbers and booleans of a chunk that change, the last is
/// kept; all else refuses. So does any unknown member of a delta that is not null.
package struct AnswerAssembly: ~Copyable {
    /// Tool calls of all choices together at most.
    package static let toolCallsMax = 256
    /// Members with names not known here, of the answer and all its choices together, at most.
    package static let unknownMembersMax = 256

    /// What an assembled answer has, beside its bytes.
    package struct Assembled: Sendable, Equatable {
        /// The stream told of usage, and the answer does.
        package let hasUsage: Bool
    }

    let endpoint: Endpoint
    let bytesMax: Int
    /// Why there will be no answer; nil as long as there may be one.
    package private(set) var failure: AssemblyError?
    /// The last event came.
    package internal(set) var isDone = false

    var strands: Strands
    var head = Head()
    var choices: [Choice] = []
    var tools: [Tool] = []
    var unknowns: [Unknown] = []
    /// The last `usage`; for responses, the completed response.
    var latest = ByteBuffer()
    /// The last chunk up to its `choices`, which most streams repeat byte for byte; empty where
    /// that would have to be read again.
    var prefix = ByteBuffer()
    /// `choices` of that chunk: behind the same bytes it is the same token.
    var prefixEnd: JSONMember?
    /// The position of the tool call that grew last.
    var currentTool = 0
    /// Items of a response that were done.
    var itemsDone = 0

    /// `bytesMax` bounds the answer, and the memory for its texts.
    package init(endpoint: Endpoint, bytesMax: Int) {
        self.endpoint = endpoint
        self.bytesMax = bytesMax
        strands = Strands(bytesMax: bytesMax)
        switch endpoint {
        case .chatCompletions, .completions, .responses: break
        default: failure = .endpoint
        }
    }

    /// Takes an event's document and its `event:` field, empty for none.
    package mutating func take(_ document: borrowing JSONDocument, type: Span<UInt8>) {
        guard failure == nil else { return }
        do throws(AssemblyError) {
            if isDone { throw .afterDone }
            if type.equals("error") { throw .error }
            guard document.kind(of: document.root) == .object else { throw .malformed }
            if endpoint == .responses {
                try takeResponseEvent(document)
            } else {
                guard type.isEmpty || type.equals("message") else { throw .unmergeable }
                try takeChunk(document)
            }
        } catch {
            refuse(error)
        }
    }

    /// Takes the `[DONE]` that ends a stream.
    package mutating func takeDone() {
        // Not OpenAI's, but some end the streams of responses so.
        if endpoint == .responses {
            if !isDone { refuse(.notDone) }
        } else if isDone {
            refuse(.afterDone)
        } else {
            isDone = true
        }
    }

    /// Gives up for a reason that is seen elsewhere: an event that is no JSON or too large.
    package mutating func refuse(_ reason: AssemblyError) {
        guard failure == nil else { return }
        failure = reason
        strands.removeAll()
        choices = []
        tools = []
        unknowns = []
        latest.removeAll(keeping: 0)
    }

    /// Appends the plain answer; with nothing appended where there is none. At the stream's end,
    /// once.
    package mutating func finish(to buffer: inout ByteBuffer) throws(AssemblyError) -> Assembled {
        let start = buffer.count
        do throws(AssemblyError) {
            if let failure { throw failure }
            guard isDone else { throw .notDone }
            if endpoint == .responses {
                buffer.append(latest.bytes)
            } else {
                try checkChoices()
                writeAnswer(to: &buffer)
            }
            guard buffer.count - start <= bytesMax else { throw .tooLarge }
        } catch {
            buffer.truncate(to: start)
            refuse(error)
            throw error
        }
        let hasUsage = endpoint == .responses ? head.hasUsage : !latest.isEmpty
        return Assembled(hasUsage: hasUsage)
    }
}

extension AnswerAssembly {
    /// What the chunks say of the whole answer: sources of values, quotes included.
    struct Head {
        var id = Part()
        var created = Part()
        var model = Part()
        var serviceTier = Part()
        var fingerprint = Part()
        /// Of a response: it tells of usage.
        var hasUsage = false
    }

    /// One choice: contents of strings without their quotes, elements of arrays with commas.
    struct Choice {
        let index: Int
        var finishReason = Part()
        var role = Part()
        /// `content`, or `text` of a text completion.
        var content = Part()
        var refusal = Part()
        var reasoningContent = Part()
        var reasoning = Part()
        var annotations = Part()
        var functionCall = Part.Presence.absent
        var functionName = Part()
        var functionArguments = Part()
        var toolCalls = Part.Presence.absent
        var logprobs = Logprobs()

        init(index: Int) {
            self.index = index
        }
    }

    /// The lists of `logprobs`: two of chat, four of text completions.
    struct Logprobs {
        var presence = Part.Presence.absent
        var content = Part()
        var refusal = Part()
        var tokens = Part()
        var tokenLogprobs = Part()
        var topLogprobs = Part()
        var textOffset = Part()
    }

    /// A tool call of a choice.
    struct Tool {
        let choice: Int
        let index: Int
        var id = Part()
        var type = Part()
        /// `custom` with an `input` stands in the place of `function` with `arguments`.
        var isCustom: Bool?
        var name = Part()
        var arguments = Part()
    }

    /// Where a member with an unknown name stands.
    enum Scope: Equatable {
        case chunk
        /// In the choice of that index, or in its message.
        case choice(Int)
        case message(Int)
    }

    /// A member with an unknown name.
    struct Unknown {
        let scope: Scope
        let name: Strand
        var value: Strand
        /// Null or empty.
        var isVoid: Bool
    }
}
