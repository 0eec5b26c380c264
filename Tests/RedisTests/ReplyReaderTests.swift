import Bytes
import Redis
import Testing

@Suite struct ReplyReaderTests {
    /// A reply as text, to be compared.
    private func describe(_ reply: borrowing RedisReply) -> String {
        func text(_ element: RedisReply.Element) -> String {
            switch reply.kind(of: element) {
            case .integer: return ":\(reply.number(of: element))"
            case .null: return "-"
            case .array:
                var parts: [String] = []
                var rest = reply.elements(of: element)
                while let part = rest.next(in: reply) { parts.append(text(part)) }
                return "[" + parts.joined(separator: " ") + "]"
            case .status: return "+\(reply.text(of: element))"
            case .error: return "!\(reply.text(of: element))"
            case .string: return "\"\(reply.text(of: element))\""
            }
        }
        switch reply.kind {
        case .array:
            var parts: [String] = []
            var rest = reply.elements
            while let part = rest.next(in: reply) { parts.append(text(part)) }
            return "[" + parts.joined(separator: " ") + "]"
        case .integer: return ":\(reply.number)"
        case .null: return "-"
        case .status: return "+\(String(decoding: reply.bytes))"
        case .error: return "!\(String(decoding: reply.bytes))"
        case .string: return "\"\(String(decoding: reply.bytes))\""
        }
    }

    private func read(
        _ text: String, step: Int = .max, bytesMax: Int = 1000
    ) -> (replies: [String], error: RedisError.Kind?) {
        let reader = ReplyReader(bytesMax: bytesMax)
        var replies: [String] = []
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let end = min(bytes.count, offset + min(step, bytes.count))
            let isFed = reader.feed(bytes.span.extracting(offset..<end))
            #expect(isFed)
            offset = end
            reading: while true {
                switch reader.next() {
                case .more: break reading
                case .failed(let error): return (replies, error.kind)
                case .reply(let reply): replies.append(describe(reply))
                }
            }
        }
        return (replies, nil)
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `replies are the same however they are cut`(step: Int) {
        let text =
            "+OK\r\n$5\r\na\r\nbc\r\n$-1\r\n$0\r\n\r\n:42\r\n:-1\r\n-ERR no k\r\n*-1\r\n*0\r\n"
            + "*2\r\n$1\r\n7\r\n*3\r\n$1\r\na\r\n$-1\r\n:9\r\n"
            + "*2\r\n*2\r\n:0\r\n*1\r\n+x\r\n*0\r\n$1\r\nz\r\n"
        let expected = [
            "+OK", "\"a\r\nbc\"", "-", "\"\"", ":42", ":-1", "!ERR no k", "-", "[]",
            "[\"7\" [\"a\" - :9]]", "[[:0 [+x]] []]", "\"z\"",
        ]
        let result = read(text, step: step)
        #expect(result.replies == expected && result.error == nil)
    }

    @Test(arguments: [
        "?\r\n", "HTTP/1.1 400 Bad Request\r\n", "$x\r\n", ":9223372036854775808\r\n",
        ":1x\r\n", "*-2\r\n", "$-2\r\n", "%1\r\n+a\r\n+b\r\n",
        String(repeating: "*1\r\n", count: 20),
    ])
    func `what is not RESP2 is malformed`(text: String) {
        #expect(read(text).error == .malformed)
    }

    @Test func `a reply over the limit is refused, in whole and in parts`() {
        let value = String(repeating: "x", count: 1000)
        for step in [.max, 10, 1] {
            let fits = "$992\r\n\(value.prefix(992))\r\n"
            #expect(read(fits + fits + fits, step: step).replies.count == 3)
            #expect(read("$993\r\n\(value.prefix(993))\r\n", step: step).error == .tooLarge)
            // Frames count too.
            #expect(read("*200\r\n" + String(repeating: ":1\r\n", count: 200)).replies.count == 1)
            #expect(
                read("*300\r\n" + String(repeating: ":1\r\n", count: 300), step: step).error
                    == .tooLarge)
        }
        // Before it has come as a whole.
        #expect(read("$5000000\r\n\(value)xxxxxx").error == .tooLarge)
        #expect(
            read("*3\r\n$500\r\n\(value.prefix(500))\r\n$501\r\n\(value.prefix(501))\r\n")
                .error == .tooLarge)
        #expect(read("+" + value + value).error == .tooLarge)
        #expect(read("*2147483647\r\n").error == .tooLarge)
        #expect(read("*1000000\r\n").error == .tooLarge)
    }

    @Test func `a command is what Redis reads`() {
        func text(_ command: borrowing RedisCommand) -> String {
            String(decoding: command.bytes)
        }
        let get = RedisCommand("GET", "k\r\n".utf8.span)
        #expect(text(get) == "*2\r\n$3\r\nGET\r\n$3\r\nk\r\n\r\n")
        let set = RedisCommand(setting: "".utf8.span, to: "v".utf8.span, milliseconds: 90)
        #expect(
            text(set) == "*5\r\n$3\r\nSET\r\n$0\r\n\r\n$1\r\nv\r\n$2\r\nPX\r\n$2\r\n90\r\n")
        #expect(text(RedisCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(
            text(RedisCommand("AUTH", texts: ["a b", ""]))
                == "*3\r\n$4\r\nAUTH\r\n$3\r\na b\r\n$0\r\n\r\n")
    }

    @Test(
        arguments: [
            ("123456789", 0x31C3), ("", 0), ("foo", 12182), ("{foo}.x", 12182),
            ("a{foo}{bar}", 12182),
            ("{}foo", nil), ("foo{bar", nil),
        ] as [(String, Int?)])
    func `a key's slot is that of Redis`(key: String, slot: Int?) {
        let found = HashSlot.of(key.utf8.span)
        if let slot { #expect(found == slot) } else { #expect(found != 12182) }
        #expect((0..<HashSlot.count).contains(found))
    }

    @Test func `an error keeps its code and nothing else of the text`() {
        func kind(_ text: String) -> RedisError? {
            let reader = ReplyReader(bytesMax: 1000)
            _ = reader.feed("-\(text)\r\n".utf8.span)
            guard case .reply(let reply) = reader.next() else { return nil }
            return reply.error
        }
        let wrong = kind("WRONGTYPE Operation against a key")
        #expect(wrong?.kind == .wrongType && wrong?.code == "WRONGTYPE")
        #expect(wrong.map { !"\($0)".contains("Operation") } ?? false)
        #expect(kind("LOADING x")?.kind == .loading)
        #expect(kind("MOVED 1 h:1")?.kind == .moved)
        #expect(kind("OOM command not allowed")?.kind == .outOfMemory)
        #expect(kind("MISCONF x")?.kind == .outOfMemory)
        #expect(kind("READONLY x")?.kind == .readOnly)
        #expect(kind("secret \u{1B}[0m")?.code == "ERR")
        #expect(kind(String(repeating: "A", count: 500))?.code.count == 32)
    }
}

@Suite struct CircuitBreakerTests {
    @Test func `failures in a row open it, a severe one does alone, a connection closes it`() {
        var breaker = CircuitBreaker(failuresMax: 3, delayMin: 100, delayMax: 1000)
        func fail(isSevere: Bool = false) -> Bool { breaker.failed(isSevere: isSevere) }
        #expect(!fail() && !fail())
        breaker.succeeded()
        #expect(!fail() && !fail() && !breaker.isOpen)
        #expect(fail() && breaker.isOpen)
        #expect(!fail() && !fail(isSevere: true))
        let hasClosed = [breaker.connected(), breaker.connected()]
        #expect(hasClosed == [true, false] && !breaker.isOpen)
        #expect(fail(isSevere: true) && breaker.isOpen)
    }

    @Test func `waits double up to their limit until a command succeeds`() {
        var breaker = CircuitBreaker(failuresMax: 1, delayMin: 100, delayMax: 1000)
        var waits = (0..<6).map { _ in breaker.nextDelay(random: 0) }
        #expect(waits == [100, 200, 400, 800, 1000, 1000])
        #expect(breaker.nextDelay(random: 255) == 750)
        _ = breaker.failed(isSevere: true)
        _ = breaker.connected()
        #expect(breaker.nextDelay(random: 0) == 1000)
        breaker.succeeded()
        waits = [breaker.nextDelay(random: 255), breaker.nextDelay(random: 0)]
        #expect(waits == [75, 200])
    }
}
