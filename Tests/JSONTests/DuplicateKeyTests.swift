import JSON
import Testing

@Suite struct DuplicateKeyTests {
    @Test(arguments: [
        Refusal(#"{"a":1,"a":2}"#, .duplicateKey, 7),
        Refusal(#"{"model":1,"x":2,"model":3}"#, .duplicateKey, 17),
        Refusal(#"{"a":1,"\u0061":2}"#, .duplicateKey, 7),
        Refusal(#"{"\u0061":1,"a":2}"#, .duplicateKey, 12),
        Refusal(#"{"\u0061":1,"\u0061":2}"#, .duplicateKey, 12),
        Refusal(#"{"\/":1,"/":2}"#, .duplicateKey, 8),
        Refusal(#"{"":1,"" :2}"#, .duplicateKey, 6),
        Refusal(#"{"max_completion_tokens":1,"max_completion_tokens" :2}"#, .duplicateKey, 27),
        Refusal(#"{"😀":1,"\ud83d\ude00":2}"#, .duplicateKey, 10),
    ]) func `a key twice at the top level is refused`(refused: Refusal) {
        #expect(
            refusal(of: refused.text)
                == JSONError(code: refused.code, offset: refused.offset))
    }

    @Test(arguments: [
        #"{"a":{"b":1,"b":2}}"#, #"[{"a":1,"a":2}]"#, #"{"a":1,"A":2}"#,
        #"{"max_tokens_1":1,"max_tokens_2":2}"#, #"{"a":1,"\\u0061":2}"#,
        #"{"abcdefg":1,"abcdefgh":2,"abcdefgi":3}"#,
    ]) func `other keys may look alike`(text: String) {
        #expect(refusal(of: text) == nil)
    }

    @Test(arguments: [31, 32, 33, 34, 100, 5000])
    func `the number of keys does not matter`(count: Int) {
        var keys = (0..<count).map { "\"key\($0)\":\($0)" }
        #expect(refusal(of: "{" + keys.joined(separator: ",") + "}") == nil)
        for position in [0, count / 2, count - 1] {
            keys.append("\"key\(position)\":0")
            let text = "{" + keys.joined(separator: ",") + "}"
            #expect(
                refusal(of: text)
                    == JSONError(
                        code: .duplicateKey,
                        offset: text.utf8.count - keys[keys.count - 1].utf8.count - 1))
            keys.removeLast()
            keys.append("\"k\\u0065y\(position)\":0")
            #expect(refusal(of: "{" + keys.joined(separator: ",") + "}")?.code == .duplicateKey)
            keys.removeLast()
        }
    }
}
