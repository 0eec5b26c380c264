import OpenAIAPI
import Testing

struct RandomAnswerTests {
    @Test(
        "any answer replayed and assembled is the same by value, wherever its stream is cut",
        arguments: [Endpoint.chatCompletions, .completions, .responses], 0..<150)
    func isSame(_ endpoint: Endpoint, _ seed: Int) throws {
        var random = RandomAnswer(generator: SeededGenerator(state: UInt64(seed) &* 7919))
        let plain = endpoint == .responses ? random.response() : random.plain(endpoint)
        let expected = try #require(Tree(plain), "\(plain)")
        let stream = try #require(replay(plain, endpoint), "\(plain)")
        let pieces = randomCut(Array(stream.text.utf8), max: 2000, using: &random.generator)
        let outcome = assemble(pieces, endpoint)
        let text = try #require(outcome.text, "\(outcome) of \(plain)")
        #expect(Tree(text) == expected, "\(stream.text)")
        // The assembled answer is one to replay, to the same end.
        let again = try #require(replay(text, endpoint), "\(text)")
        #expect(assemble(again.text, endpoint) == outcome)
    }

    @Test(
        "a stream without its last events, or one of them, is never an answer of another value",
        arguments: [Endpoint.chatCompletions, .completions], 0..<20)
    func isNeverWrong(_ endpoint: Endpoint, _ seed: Int) throws {
        var random = RandomAnswer(generator: SeededGenerator(state: UInt64(seed) &* 104_729))
        let plain = random.plain(endpoint)
        let whole = try #require(replay(plain, endpoint)).text
        let data = events(whole)
        for count in data.indices {
            let cut = assemble(stream(Array(data[..<count]), isDone: false), endpoint)
            #expect(cut == .refused(.notDone))
        }
    }
}
