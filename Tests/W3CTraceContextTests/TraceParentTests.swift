import Bytes
import Testing
import W3CTraceContext

private let trace = "0af7651916cd43dd8448eb211c80319c"
private let span = "b7ad6b7169203331"

/// What a `traceparent` value is sent on as, or nil where it is invalid.
private func parsed(_ value: String) -> String? {
    TraceParent(parsing: value.utf8.span)?.description
}

/// What the headers of a request amount to.
private func read(
    parents: [String] = [], states: [String] = [], baggage: [String] = []
) -> TraceContextReader {
    var reader = TraceContextReader()
    for value in states { reader.addTraceState(value.utf8.span) }
    for value in parents { reader.addTraceParent(value.utf8.span) }
    for value in baggage { reader.addBaggage(value.utf8.span) }
    return reader
}

private func text(_ state: TraceState) -> String { String(decoding: state.bytes) }

@Suite struct TraceParentTests {
    @Test(arguments: [
        ("00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01"),
        ("00-\(trace)-\(span)-00", "00-\(trace)-\(span)-00"),
        ("00-\(trace)-\(span)-02", "00-\(trace)-\(span)-02"),
        ("00-\(trace)-\(span)-03", "00-\(trace)-\(span)-03"),
        // Flags without a meaning are cleared.
        ("00-\(trace)-\(span)-ff", "00-\(trace)-\(span)-03"),
        ("00-\(trace)-\(span)-fc", "00-\(trace)-\(span)-00"),
        // White space around it.
        (" \t00-\(trace)-\(span)-01\t ", "00-\(trace)-\(span)-01"),
        // Later versions are read as far as they are known and sent on as version 00.
        ("cc-\(trace)-\(span)-01", "00-\(trace)-\(span)-01"),
        ("cc-\(trace)-\(span)-01-what-the-future-will-be-like", "00-\(trace)-\(span)-01"),
        ("01-\(trace)-\(span)-09-", "00-\(trace)-\(span)-01"),
        ("fe-\(trace)-\(span)-01-\u{e9}", "00-\(trace)-\(span)-01"),
        // Ids that are zero only in part.
        (
            "00-00000000000000000000000000000001-0000000000000001-01",
            "00-00000000000000000000000000000001-0000000000000001-01"
        ),
        (
            "00-10000000000000000000000000000000-1000000000000000-01",
            "00-10000000000000000000000000000000-1000000000000000-01"
        ),
    ])
    func `a valid traceparent is understood`(_ value: String, _ sentOn: String) {
        #expect(parsed(value) == sentOn)
    }

    @Test(arguments: [
        "", "00", "00-", "00-\(trace)", "00-\(trace)-\(span)", "00-\(trace)-\(span)-",
        "00-\(trace)-\(span)-0", "0-\(trace)-\(span)-01", "000-\(trace)-\(span)-01",
        // Version 00 ends after the flags.
        "00-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01.", "00-\(trace)-\(span)-01-x",
        "00-\(trace)-\(span)-011", "00-\(trace)-\(span)-01 x",
        // A later one goes on after a dash only.
        "cc-\(trace)-\(span)-01.what", "cc-\(trace)-\(span)-01x", "cc-\(trace)-\(span)-0",
        // Versions.
        "ff-\(trace)-\(span)-01", "ff-\(trace)-\(span)-01-x", ".0-\(trace)-\(span)-01",
        "0x-\(trace)-\(span)-01", "CC-\(trace)-\(span)-01", "FE-\(trace)-\(span)-01",
        // Trace ids.
        "00-00000000000000000000000000000000-\(span)-01", "00-.\(trace.dropFirst())-\(span)-01",
        "00-\(trace.dropLast()).-\(span)-01", "00-\(trace.uppercased())-\(span)-01",
        "00-\(trace.dropLast())-\(span)-01", "00-\(trace)0-\(span)-01",
        "00-\(trace.dropLast())g-\(span)-01",
        // Parent ids.
        "00-\(trace)-0000000000000000-01", "00-\(trace)-.\(span.dropFirst())-01",
        "00-\(trace)-\(span.uppercased())-01", "00-\(trace)-\(span.dropLast())-01",
        "00-\(trace)-\(span)0-01",
        // Flags.
        "00-\(trace)-\(span)-.0", "00-\(trace)-\(span)-0.", "00-\(trace)-\(span)-0G",
        "00-\(trace)-\(span)-0A", "00-\(trace)-\(span)-1",
        // Dashes.
        "00_\(trace)_\(span)_01", "00-\(trace)_\(span)-01", "00-\(trace)-\(span)_01",
        // Two in one.
        "00-\(trace)-\(span)-01,00-\(trace)-\(span)-01",
    ])
    func `an invalid traceparent is not`(_ value: String) {
        #expect(parsed(value) == nil)
    }

    @Test func `flags are read one by one`() throws {
        let value = TraceParent(parsing: "00-\(trace)-\(span)-02".utf8.span)
        let parent = try #require(value)
        #expect(!parent.flags.contains(.sampled))
        #expect(parent.flags.contains(.random))
        #expect(parent.traceID.description == trace)
        #expect(parent.spanID.description == span)
    }

    @Test func `ids are written as bytes, most significant first`() throws {
        let value = TraceParent(parsing: "00-\(trace)-\(span)-01".utf8.span)
        let parent = try #require(value)
        var buffer = ByteBuffer()
        buffer.append(bytesOf: parent.traceID)
        buffer.append(bytesOf: parent.spanID)
        var hex = ""
        for index in 0..<buffer.count {
            let byte = buffer.bytes[index]
            hex += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        #expect(hex == trace + span)
    }

    @Test func `one traceparent is taken and two are none`() {
        let valid = "00-\(trace)-\(span)-01"
        #expect(read(parents: [valid]).traceParent?.description == valid)
        #expect(read().traceParent == nil)
        #expect(read(parents: [valid, valid]).traceParent == nil)
        #expect(read(parents: ["x", valid]).traceParent == nil)
        #expect(read(parents: [valid, "x"]).traceParent == nil)
        #expect(read(parents: [valid, valid, valid]).traceParent == nil)
    }

    @Test func `tracestate counts only with a valid traceparent`() {
        let valid = "00-\(trace)-\(span)-01"
        #expect(text(read(parents: [valid], states: ["a=1", "b=2"]).traceState) == "a=1,b=2")
        #expect(read(states: ["a=1"]).traceState.isEmpty)
        #expect(read(parents: ["x"], states: ["a=1"]).traceState.isEmpty)
        #expect(read(parents: [valid, valid], states: ["a=1"]).traceState.isEmpty)
    }

    @Test func `a bad tracestate leaves traceparent alone`() {
        let reader = read(parents: ["00-\(trace)-\(span)-01"], states: ["a"])
        #expect(reader.traceParent != nil)
        #expect(reader.traceState == TraceState())
    }

    @Test func `a long tracestate is shortened to what must be propagated`() {
        let long = (0..<5).map { "k\($0)=" + String(repeating: "v", count: 120) }
        let reader = read(
            parents: ["00-\(trace)-\(span)-01"], states: [long.joined(separator: ",")])
        #expect(text(reader.traceState) == long.prefix(4).joined(separator: ","))
    }

    @Test func `baggage needs no traceparent`() {
        #expect(read(baggage: ["a=1", "b=2"]).baggage.members.map(\.key) == ["a", "b"])
    }
}

@Suite struct IDGeneratorTests {
    @Test func `ids do not repeat`() {
        var generator = IDGenerator()
        var traces = Set<TraceID>()
        var spans = Set<SpanID>()
        for _ in 0..<10_000 {
            traces.insert(generator.traceID())
            spans.insert(generator.spanID())
        }
        #expect(traces.count == 10_000)
        #expect(spans.count == 10_000)
    }

    @Test func `two generators differ and two of one seed do not`() {
        var first = IDGenerator()
        var second = IDGenerator()
        #expect(first.traceID() != second.traceID())
        var third = IDGenerator(seed: 0)
        var fourth = IDGenerator(seed: 0)
        #expect((0..<100).allSatisfy { _ in third.next() == fourth.next() })
    }

    @Test func `every bit of an id is set about half the time`() {
        var generator = IDGenerator(seed: 42)
        var counts = [Int](repeating: 0, count: 64)
        for _ in 0..<4096 {
            let value = generator.spanID().value
            for bit in 0..<64 { counts[bit] += Int(value >> UInt64(bit) & 1) }
        }
        // Seven standard deviations of a fair coin.
        #expect(counts.allSatisfy { abs($0 - 2048) < 224 })
    }

    @Test func `an id of zero is none`() {
        #expect(TraceID(high: 0, low: 0) == nil)
        #expect(TraceID(high: 0, low: 1) != nil)
        #expect(SpanID(0) == nil)
    }
}
