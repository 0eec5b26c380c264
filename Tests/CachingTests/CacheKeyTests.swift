import Bytes
import Caching
import Crypto
import OpenAIAPI
import Testing

@Suite struct CacheKeyTests {
    @Test(arguments: 0..<20) func `bodies share a key if and only if they say the same`(
        seed: UInt64
    ) throws {
        var maker = TreeMaker(dice: Dice(seed))
        var equal = 0
        var different = 0
        for _ in 0..<100 {
            let one = maker.body()
            let other = maker.changed(one)
            let first = try #require(try key(one.source(&maker.dice, list: "messages")))
            let again = try #require(try key(one.source(&maker.dice, list: "messages")))
            #expect(first == again)
            let source = other.source(&maker.dice, list: "messages")
            // A change may have made no call of it.
            guard let changed = try? key(source) else { continue }
            let isSame = one.reference(list: "messages") == other.reference(list: "messages")
            #expect((first == changed) == isSame)
            if isSame { equal += 1 } else { different += 1 }
        }
        #expect(equal > 0 && different > 20)
    }

    @Test func `no two different bodies share a key`() throws {
        var maker = TreeMaker(dice: Dice(99))
        var seen: [CacheKey: Tree] = [:]
        for _ in 0..<1000 {
            let body = maker.body()
            let found = try #require(try key(body.source(&maker.dice, list: "messages")))
            let reference = body.reference(list: "messages")
            if let before = seen.updateValue(reference, forKey: found) {
                #expect(before == reference)
            }
        }
        #expect(seen.count > 500)
    }

    /// Each body is the same as the first.
    @Test(arguments: [
        [
            #"{"model":"m","messages":[{"role":"user","content":"A/é😀\n"}]}"#,
            #" { "messages" : [ { "content" : "\u0041\/\u00E9\ud83d\uDE00\u000a" , "#
                + #""\u0072ole" : "user" } ] , "model" : "m" } "#,
            #"{"stream":true,"user":"me","model":"m","stream_options":{"include_usage":true},"#
                + #""cache":{"no-store":true},"messages":[{"content":"A/é😀\n","role":"user"}]}"#,
            #"{"\u0073tream":true,"model":"m","messages":[{"content":"A/é😀\n","role":"user"}]}"#,
        ],
        [
            #"{"model":"m","messages":[],"seed":123456789012345678901234567890}"#,
            #"{"seed": 123456789012345678901234567890, "model":"m", "messages":[ ]}"#,
        ],
    ]) func `what does not change an answer does not change the key`(bodies: [String]) throws {
        let first = try #require(try key(bodies[0]))
        for body in bodies.dropFirst() { #expect(try key(body) == first, "\(body)") }
    }

    /// All keys of a row differ.
    @Test(arguments: [
        [
            #"{"model":"m","messages":[]}"#, #"{"model":"n","messages":[]}"#,
            #"{"model":"m","messages":[{}]}"#, #"{"model":"m","messages":[[]]}"#,
            #"{"model":"m","messages":[null]}"#, #"{"model":"m","messages":{}}"#,
            #"{"model":"m","messages":[],"n":1}"#, #"{"model":"m","messages":[],"n":2}"#,
            #"{"model":"m","messages":[],"n":1.0}"#, #"{"model":"m","messages":[],"seed":1}"#,
            #"{"model":"m","messages":[],"temperature":0}"#,
            #"{"model":"m","messages":[],"temperature":null}"#,
            #"{"model":"m","messages":[],"Stream":true}"#,
            #"{"model":"m","messages":[{"user":"x"}]}"#,
            #"{"model":"m","messages":[{"stream":true}]}"#,
            #"{"model":"m","messages":[{"cache":true}]}"#,
        ],
        [
            #"{"model":"m","messages":[],"seed":12345678901234567890}"#,
            #"{"model":"m","messages":[],"seed":12345678901234567891}"#,
            #"{"model":"m","messages":[],"seed":1e1}"#, #"{"model":"m","messages":[],"seed":10}"#,
        ],
        [
            #"{"model":"m","messages":[{"content":"\ud83d"}]}"#,
            #"{"model":"m","messages":[{"content":"\ude00"}]}"#,
            #"{"model":"m","messages":[{"content":"\ude00\ud83d"}]}"#,
            #"{"model":"m","messages":[{"content":"\ud83d\ude00"}]}"#,
            #"{"model":"m","messages":[{"content":"\ufffd"}]}"#,
            #"{"model":"m","messages":[{"content":"\ufffd\ufffd"}]}"#,
            #"{"model":"m","messages":[{"content":"\\ud83d"}]}"#,
            #"{"model":"m","messages":[{"content":"\\ud83d\\ude00"}]}"#,
            #"{"model":"m","messages":[{"content":"\ud83d \ude00"}]}"#,
        ],
        [
            #"{"model":"m","messages":[],"tools":[{"a":1,"b":2}]}"#,
            #"{"model":"m","messages":[],"tools":[{"b":2,"a":1}]}"#,
            #"{"model":"m","messages":[],"response_format":{"a":1,"b":2}}"#,
            #"{"model":"m","messages":[],"response_format":{"b":2,"a":1}}"#,
            #"{"model":"m","messages":[],"functions":[{"a":1,"b":2}]}"#,
            #"{"model":"m","messages":[],"functions":[{"b":2,"a":1}]}"#,
            #"{"model":"m","messages":[],"text":{"format":{"a":1,"b":2}}}"#,
            #"{"model":"m","messages":[],"text":{"format":{"b":2,"a":1}}}"#,
            #"{"model":"m","messages":[{"content":[{"a":1,"b":2}]}]}"#,
            #"{"model":"m","messages":[{"content":[{"b":2,"a":1}]}]}"#,
            #"{"model":"m","messages":[],"input":[{"a":1,"b":2}]}"#,
            #"{"model":"m","messages":[],"input":[{"b":2,"a":1}]}"#,
        ],
        [
            #"{"model":"m","messages":[{"a":1,"a":2}]}"#,
            #"{"model":"m","messages":[{"a":2,"a":1}]}"#,
            #"{"model":"m","messages":[{"a":1}]}"#, #"{"model":"m","messages":[{"a":2}]}"#,
            #"{"model":"m","messages":[{"a":1,"a":1}]}"#,
        ],
        [
            #"{"model":"m","messages":[{"a":"1\",\"b\":\"2"}]}"#,
            #"{"model":"m","messages":[{"a":"1","b":"2"}]}"#,
            #"{"model":"m","messages":[{"a\":\"1\",\"b":"2"}]}"#,
        ],
    ]) func `what may change an answer changes the key`(bodies: [String]) throws {
        let keys = try bodies.map { try #require(try key($0)) }
        #expect(Set(keys).count == bodies.count)
        #expect(Set(keys.map(storeKey)).count == bodies.count)
    }

    @Test func `keys of messages are sorted for responses in their input`() throws {
        let keys = try [
            #"{"model":"m","store":false,"input":[{"role":"user","content":"x"}]}"#,
            #"{"model":"m","store":false,"input":[{"content":"x","role":"user"}]}"#,
        ].map { try #require(try key($0, .responses)) }
        #expect(keys[0] == keys[1])
        let others = try [
            #"{"model":"m","store":false,"messages":[{"role":"user","content":"x"}]}"#,
            #"{"model":"m","store":false,"messages":[{"content":"x","role":"user"}]}"#,
        ].map { try #require(try key($0, .responses)) }
        #expect(others[0] != others[1])
    }

    @Test(arguments: [3, 63, 64, 65, 1000]) func `any number of members makes a key`(
        count: Int
    ) throws {
        let names = (0..<count).map { "\"member\($0)\":\($0)" }
        func body(_ names: [String]) -> String {
            #"{"model":"m","messages":[{\#(names.joined(separator: ","))}]}"#
        }
        let sorted = try #require(try key(body(names.sorted())))
        let reversed = try #require(try key(body(names.sorted().reversed())))
        // Beyond the limit the order counts: a hit less, never one too many.
        #expect((sorted == reversed) == (count <= 64))
        #expect(try key(body(names.sorted())) == sorted)
    }

    @Test func `a long body is not mixed up at the seams of what is hashed at once`() throws {
        var seen: Set<CacheKey> = []
        for count in stride(from: 3900, to: 4400, by: 7) {
            let text = String(repeating: "x", count: count)
            for escape in ["", "\\u00e9"] {
                let body = #"{"model":"m","messages":[{"content":["\#(text)\#(escape)",1]}]}"#
                let plain = body.replacing("\\u00e9", with: "é")
                let found = try #require(try key(body))
                #expect(try key(plain) == found)
                #expect(seen.insert(found).inserted)
            }
        }
    }
}
