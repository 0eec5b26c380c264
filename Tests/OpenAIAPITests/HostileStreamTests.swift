import Bytes
import Foundation
import JSON
import OpenAIAPI
import Testing

/// Streams of very many small pieces: what they cost is counted, not timed.
@Suite struct HostileStreamTests {
    /// What became of a stream, and the looks at its fragments.
    private func read(
        _ events: [String], endpoint: Endpoint
    ) throws -> (parts: [[String: Any]], reads: Int) {
        var scanner = JSONScanner()
        var reader = StreamReader(endpoint: endpoint, captureBytesMax: 8 << 20)
        for event in events {
            reader.read(Array("data: \(event)\n\n".utf8).span, scanner: &scanner)
        }
        var writer = MessageContent()
        var result = ByteBuffer()
        #expect(reader.appendOutputMessages(with: &writer, to: &result))
        let messages = try JSONSerialization.jsonObject(with: Data(string(result).utf8))
        let message = (messages as? [[String: Any]])?.first
        return (message?["parts"] as? [[String: Any]] ?? [], writer.fragmentReads)
    }

    @Test func `thousands of tool calls that take turns are each looked at a few times`() throws {
        let calls = 1000
        let rounds = 16
        var events: [String] = []
        for round in 0..<rounds {
            for call in 0..<calls {
                let head =
                    round == 0
                    ? #""id":"c\#(call)","function":{"name":"f\#(call)","arguments":"[0"}"#
                    : #""id":"again","function":{"name":"again","arguments":",\#(round)"}"#
                events.append(
                    #"{"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"#
                        + #""index":\#(call),\#(head)}]}}]}"#)
            }
        }
        let (parts, reads) = try read(events, endpoint: .chatCompletions)
        // The fragments end at their limit, in the middle of the last rounds.
        #expect(parts.count == calls)
        #expect(reads <= 2 * CapturedContent.fragmentsMax)
        for (index, part) in parts.enumerated() {
            #expect(part["id"] as? String == "c\(index)")
            #expect(part["name"] as? String == "f\(index)")
            #expect((part["arguments"] as? String)?.hasPrefix("[0,1,2,3,4,5,6,7,8,9") == true)
        }
    }

    @Test func `a call that comes too late for the bound is left out, whole ones stay`() throws {
        let events = (0..<3000).map { call in
            #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":\#(call),"id":"c\#(call)","#
                + #""function":{"name":"f","arguments":"{}"}}]}}]}"#
        }
        let (parts, reads) = try read(events, endpoint: .chatCompletions)
        #expect(parts.count == 1024)
        #expect(parts.last?["id"] as? String == "c1023")
        #expect(reads <= 2 * 3 * 1024)
    }

    @Test func `items of a response that take turns are each looked at a few times`() throws {
        let items = 500
        var events: [String] = []
        for round in 0..<20 {
            for item in 0..<items {
                events.append(
                    #"{"type":"response.output_text.delta","output_index":\#(item),"#
                        + #""delta":"\#(round) "}"#)
            }
        }
        // Every other one comes whole in the end, all of its pieces behind those of others.
        for item in stride(from: 0, to: items, by: 2) {
            events.append(
                #"{"type":"response.output_item.done","output_index":\#(item),"item":{"type":"#
                    + #""message","role":"assistant","content":[{"type":"output_text","#
                    + #""text":"whole \#(item)"}]}}"#)
        }
        let (parts, reads) = try read(events, endpoint: .responses)
        #expect(parts.count == items)
        #expect(reads <= 2 * (items * 20 + items))
        let pieces = (0..<20).map { "\($0) " }.joined()
        for (index, part) in parts.enumerated() {
            let isWhole = index.isMultiple(of: 2)
            #expect(part["content"] as? String == (isWhole ? "whole \(index)" : pieces))
        }
    }
}
