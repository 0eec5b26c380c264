import JSON

extension AnswerFacts {
    /// Takes a usage object as OpenAI's two APIs write it, and what other providers put beside
    /// that. The last one counts.
    mutating func takeUsage(_ object: JSONValue, _ document: borrowing JSONDocument) {
        guard document.kind(of: object) == .object else { return }
        var usage = Usage()
        var isInputNamed = false
        var hasCacheBeside = false
        var members = document.members(of: object)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            switch document.nameCount(key) {
            case 12 where document.string(key, equals: "input_tokens"):
                usage.inputTokens = document.tokenCount(value)
                isInputNamed = usage.inputTokens != nil
            case 12 where document.string(key, equals: "total_tokens"):
                usage.totalTokens = document.tokenCount(value)
            case 13 where document.string(key, equals: "prompt_tokens"):
                usage.inputTokens = document.tokenCount(value)
            case 13 where document.string(key, equals: "output_tokens"),
                17 where document.string(key, equals: "completion_tokens"):
                usage.outputTokens = document.tokenCount(value)
            case 13 where document.string(key, equals: "cached_tokens"),
                23 where document.string(key, equals: "prompt_cache_hit_tokens"):
                usage.cachedInputTokens = usage.cachedInputTokens ?? document.tokenCount(value)
            case 16 where document.string(key, equals: "reasoning_tokens"):
                usage.reasoningTokens = usage.reasoningTokens ?? document.tokenCount(value)
            case 20 where document.string(key, equals: "input_tokens_details"),
                21 where document.string(key, equals: "prompt_tokens_details"):
                usage.takeInputDetails(value, document)
            case 21 where document.string(key, equals: "output_tokens_details"),
                25 where document.string(key, equals: "completion_tokens_details"):
                usage.reasoningTokens =
                    document.tokenCount("reasoning_tokens", of: value) ?? usage.reasoningTokens
            case 23 where document.string(key, equals: "cache_read_input_tokens"):
                usage.cachedInputTokens = document.tokenCount(value)
                hasCacheBeside = true
            case 27 where document.string(key, equals: "cache_creation_input_tokens"):
                usage.cacheCreationInputTokens = document.tokenCount(value)
                hasCacheBeside = true
            default: break
            }
        }
        usage.hasCachedBesideInput = isInputNamed && hasCacheBeside
        self.usage = usage
    }
}

extension AnswerFacts.Usage {
    fileprivate mutating func takeInputDetails(
        _ details: JSONValue, _ document: borrowing JSONDocument
    ) {
        cachedInputTokens = document.tokenCount("cached_tokens", of: details) ?? cachedInputTokens
        cacheCreationInputTokens =
            document.tokenCount("cache_creation_tokens", of: details)
            ?? document.tokenCount("cache_write_tokens", of: details)
            ?? cacheCreationInputTokens
    }

    /// Output tokens with the reasoning ones, which some providers count apart: told by the
    /// total, which has both.
    package var outputTokensWithReasoning: Int? {
        guard let outputTokens, let inputTokens, let totalTokens, let reasoningTokens,
            reasoningTokens > 0
        else { return outputTokens }
        let (both, overflows) = outputTokens.addingReportingOverflow(reasoningTokens)
        guard !overflows, totalTokens &- inputTokens == both else { return outputTokens }
        return both
    }

    /// Input tokens with the cached ones where those are counted beside them (semconv v1.40.0,
    /// docs/gen-ai/anthropic.md: the sum MUST be taken).
    package var inputTokensWithCached: Int? {
        guard hasCachedBesideInput, let inputTokens else { return inputTokens }
        return [cachedInputTokens, cacheCreationInputTokens].reduce(inputTokens) { sum, tokens in
            let (next, overflows) = sum.addingReportingOverflow(tokens ?? 0)
            return overflows ? sum : next
        }
    }
}

extension JSONDocument {
    /// A count of tokens: never negative.
    func tokenCount(_ value: JSONValue) -> Int? {
        guard let count = integer(value), count >= 0 else { return nil }
        return count
    }

    /// The count under `key` of `object`.
    func tokenCount(_ key: StaticString, of object: JSONValue) -> Int? {
        value(key, of: object).flatMap { tokenCount($0) }
    }
}
