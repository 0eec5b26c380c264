import Bytes
import OpenAIAPI
import Testing

struct SSEParserTests {
    struct Event: Equatable, CustomStringConvertible {
        var type: String
        var data: String
        var id = ""

        init(_ data: String, type: String = "", id: String = "") {
            self.type = type
            self.data = data
            self.id = id
        }

        var description: String { "\(type)|\(data)|\(id)" }
    }

    /// Streams with LF line ends, and the events a browser makes of them.
    static let streams: [(String, [Event])] = [
        ("data: a\n\n", [Event("a")]),
        ("data:a\n\ndata:  b\n\n", [Event("a"), Event(" b")]),
        ("data: a\ndata: b\n\n", [Event("a\nb")]),
        ("data\n\n", [Event("")]),
        ("data\ndata\n\n", [Event("\n")]),
        ("data:\n\n", [Event("")]),
        ("data: a\ndata\ndata: c\n\n", [Event("a\n\nc")]),
        (": comment\n\ndata: a\n\n", [Event("a")]),
        (":\n:x\ndata: a\n\n", [Event("a")]),
        ("event: ping\n\ndata: a\n\n", [Event("a")]),
        ("event: ping\ndata: a\n\ndata: b\n\n", [Event("a", type: "ping"), Event("b")]),
        ("event: x\nevent: y\ndata: a\n\n", [Event("a", type: "y")]),
        ("id: 1\ndata: a\n\ndata: b\n\n", [Event("a", id: "1"), Event("b", id: "1")]),
        ("id: 1\ndata: a\n\nid\ndata: b\n\n", [Event("a", id: "1"), Event("b")]),
        ("id: 1\u{0}2\ndata: a\n\n", [Event("a")]),
        ("Data: x\ndatax: y\ndat: z\n data: w\n\n", []),
        ("data : x\n\n", []),
        ("\n\n\ndata: a\n\n\n\n", [Event("a")]),
        ("data: a", []),
        ("data: a\n", []),
        ("data: a\n\ndata: b\n", [Event("a")]),
        ("data: gr\u{fc}n \u{1F426}\n\n", [Event("gr\u{fc}n \u{1F426}")]),
        ("data: a: b\n\n", [Event("a: b")]),
        ("\u{FEFF}data: a\n\n", [Event("a")]),
        ("\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\n", [Event("b")]),
        ("data: \u{FEFF}a\n\n", [Event("\u{FEFF}a")]),
        ("retry: 10\nretry: x\ndata: a\n\n", [Event("a")]),
    ]

    static func events(_ pieces: [[UInt8]], eventBytesMax: Int = 1 << 20) -> [Event] {
        var parser = SSEParser(eventBytesMax: eventBytesMax)
        var events: [Event] = []
        for piece in pieces {
            let chunk = piece.span
            while let block = parser.next(in: chunk) {
                switch block {
                case .empty: break
                case .oversized: events.append(Event("oversized"))
                case .event:
                    events.append(
                        Event(
                            String(decoding: parser.data(in: chunk)),
                            type: String(decoding: parser.eventType),
                            id: String(decoding: parser.lastEventID)))
                }
            }
        }
        return events
    }

    @Test(arguments: streams)
    func `events are those of the standard wherever the stream is cut`(
        _ stream: String, _ expected: [Event]
    ) {
        for end in ["\n", "\r", "\r\n"] {
            let bytes = Array(stream.replacing("\n", with: end).utf8)
            let expected = expected
            #expect(Self.events([bytes]) == expected)
            #expect(Self.events(bytes.map { [$0] }) == expected)
            for first in 0...bytes.count {
                #expect(Self.events(cut(bytes, at: first)) == expected)
                for second in first...bytes.count {
                    let pieces = [
                        Array(bytes[..<first]), Array(bytes[first..<second]),
                        Array(bytes[second...]),
                    ]
                    guard Self.events(pieces) != expected else { continue }
                    Issue.record("\(stream.debugDescription) cut at \(first) and \(second)")
                }
            }
        }
    }

    @Test
    func `mixed line ends each end one line`() {
        let stream = Array("data: a\rdata: b\r\ndata: c\n\r\n\rdata: d\n\n".utf8)
        let expected = [Event("a\nb\nc"), Event("d")]
        for offset in 0...stream.count {
            #expect(Self.events(cut(stream, at: offset)) == expected)
        }
    }

    @Test
    func `the first bytes of a byte order mark alone are a line like another`() {
        #expect(Self.events([[0xEF], Array("data: a\n\ndata: b\n\n".utf8)]) == [Event("b")])
        #expect(Self.events([[0xEF, 0xBB], Array("\ndata: b\n\n".utf8)]) == [Event("b")])
    }

    @Test
    func `an oversized event is skipped and the next one is read`() {
        let big = "data: " + String(repeating: "x", count: 100) + "\n\n"
        let lines = String(repeating: "data: 1234567\n", count: 20) + "\n"
        for stream in [big, lines] {
            let bytes = Array((stream + "data: after\n\n").utf8)
            for length in [1, 7, 64, bytes.count] {
                let pieces = stride(from: 0, to: bytes.count, by: length).map {
                    Array(bytes[$0..<min($0 + length, bytes.count)])
                }
                let expected = [Event("oversized"), Event("after")]
                #expect(Self.events(pieces, eventBytesMax: 64) == expected)
            }
        }
        #expect(Self.events([Array(big.utf8)], eventBytesMax: 200).count == 1)
    }

    @Test
    func `ranges of blocks follow each other without a gap`() {
        let stream = Array(": c\n\nid: 1\ndata: a\n\n\ndata: b\r\n\r\n".utf8)
        for offset in 0...stream.count {
            var parser = SSEParser()
            var ranges: [Range<Int>] = []
            for piece in cut(stream, at: offset) {
                while parser.next(in: piece.span) != nil { ranges.append(parser.range) }
            }
            #expect(ranges.first?.lowerBound == 0)
            #expect(ranges.map(\.lowerBound) == [0, 5, 20, 21])
            // Where the last CRLF is cut, its LF comes after the block.
            let end = offset == stream.count - 1 ? stream.count - 1 : stream.count
            #expect(ranges.last?.upperBound == end)
        }
    }

    @Test
    func `retry is kept in milliseconds`() {
        var parser = SSEParser()
        let stream = Array("retry: 2500\nretry: soon\n\n".utf8)
        while parser.next(in: stream.span) != nil {}
        #expect(parser.retryMilliseconds == 2500)
    }

    @Test(arguments: [
        ("", SSEParser.Position.betweenEvents), ("data: a\n\n", .betweenEvents),
        ("data: a\r\n\r\n", .betweenEvents), ("data: a\r\n\r", .betweenEvents),
        ("data: a\n", .betweenLines), ("data: a\r\n", .betweenLines),
        ("data: a\n\n: comment\n", .betweenLines), ("data: a", .insideLine),
        ("data: a\n\nd", .insideLine), ("data: a\n\n\n", .betweenEvents),
    ])
    func `a cut is inside an event or between two`(
        _ stream: String, _ expected: SSEParser.Position
    ) {
        let bytes = Array(stream.utf8)
        for offset in 0...bytes.count {
            var parser = SSEParser()
            for piece in cut(bytes, at: offset) { while parser.next(in: piece.span) != nil {} }
            #expect(parser.position == expected)
        }
    }

    @Test
    func `a parser that was reset begins anew`() {
        var parser = SSEParser()
        let first = Array("id: 7\nretry: 3\ndata: lost".utf8)
        while parser.next(in: first.span) != nil {}
        parser.reset()
        #expect(parser.position == .betweenEvents)
        let second = Array("\u{FEFF}data: a\n\n".utf8)
        #expect(parser.next(in: second.span) == .event)
        #expect(String(decoding: parser.data(in: second.span)) == "a")
        #expect(parser.lastEventID.isEmpty && parser.retryMilliseconds == nil)
        #expect(parser.range == 0..<second.count)
    }
}
