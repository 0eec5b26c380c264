import Foundation
import GatewayTesting
import Telemetry
import Testing

/// Rows I: the trace a request belongs to, from the caller to the upstream.
@Suite struct TraceContextTests {
    private static let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parentID = "00f067aa0ba902b7"

    private static func parent(_ flags: String = "01") -> String {
        "traceparent: 00-\(traceID)-\(parentID)-\(flags)"
    }

    @Test func `a caller's trace goes on, each span below the right one, to the upstream`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(
            to: Wire.chat([Self.parent(), "tracestate: a=1,b=2", "tracestate: c=3"]))
        #expect(response?.header("x-trace-id") == Self.traceID)
        #expect(response?.header("x-portkey-trace-id") == Self.traceID)
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.id == Self.traceID)
        #expect(trace.server.parentID == Self.parentID)
        #expect(trace.operations[0].parentID == trace.server.id)
        #expect(trace.attempts[0].parentID == trace.operations[0].id)
        #expect(trace.state == "a=1,b=2,c=3")
        #expect(trace.server.events.isEmpty)
        let request = try #require(upstream.requests.first)
        let sent = try #require(traceparent(of: request))
        #expect(sent.trace == Self.traceID)
        #expect(sent.parent == trace.attempts[0].id)
        #expect(sent.flags == "01")
        #expect(request.lowercased().components(separatedBy: "traceparent:").count == 2)
        #expect(request.contains("tracestate: a=1,b=2,c=3\r\n"))
    }

    @Test(
        "a malformed context begins a new trace, and nothing of it goes on",
        arguments: [
            "ff-\(traceID)-\(parentID)-01", "00-\(traceID)-\(parentID)-01-extra",
            "00-\(traceID.uppercased())-\(parentID)-01",
            "00-\(String(repeating: "0", count: 32))-\(parentID)-01",
            "00-\(traceID)-0000000000000000-01", "00-\(traceID)-\(parentID)", "00-\(traceID)-x-01",
            "00-\(traceID)-\(parentID)-01\r\ntraceparent: 00-\(traceID)-\(parentID)-01",
            "00-\(traceID)-\(parentID)-01,00-\(traceID)-\(parentID)-01", "",
        ])
    func restartsMalformed(_ value: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(to: Wire.chat(["traceparent: \(value)", "tracestate: a=1"]))
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.id != Self.traceID)
        #expect(trace.server.parentID == nil)
        #expect(trace.server.events == ["traceparent.invalid"])
        #expect(trace.state == "")
        let request = try #require(upstream.requests.first)
        #expect(!request.lowercased().contains("tracestate"))
        #expect(traceparent(of: request)?.trace == trace.id)
        // A trace id of ours is random, and says so.
        #expect(traceparent(of: request)?.flags == "03")
    }

    @Test(
        "flags go on as the caller set them, unknown ones cleared",
        arguments: [("01", "01"), ("03", "03"), ("ff", "03"), ("09", "01")])
    func carriesFlags(_ flags: String, _ sent: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(to: Wire.chat([Self.parent(flags)]))
        _ = try gateway.trace()
        #expect(traceparent(of: upstream.requests[0])?.flags == sent)
    }

    @Test(
        "an unsampled trace goes on with new ids and leaves no span",
        arguments: [("00", "00"), ("02", "02")])
    func honoursUnsampled(_ flags: String, _ sent: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat([Self.parent(flags)]))
        #expect(response?.header("x-trace-id") == Self.traceID)
        let context = try #require(traceparent(of: upstream.requests[0]))
        #expect(context.trace == Self.traceID)
        #expect(context.parent != Self.parentID)
        #expect(context.flags == sent)
        #expect(gateway.hasNoFurtherTrace)
    }

    @Test func `a sampler that says no is honoured on roots and seen upstream`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(
            upstream, sampler: Sampler(root: .alwaysOff, honoursParent: true))
        _ = try gateway.answer(to: Wire.chat())
        #expect(traceparent(of: upstream.requests[0])?.flags == "02")
        #expect(gateway.hasNoFurtherTrace)
        _ = try gateway.answer(to: Wire.chat([Self.parent()]))
        #expect(try gateway.trace().id == Self.traceID)
    }

    @Test func `in restart mode a new trace begins that links to the caller's`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["telemetry.traceContext": "restart"])
        _ = try gateway.answer(to: Wire.chat([Self.parent("00"), "tracestate: a=1"]))
        let trace = try gateway.trace()
        #expect(trace.id != Self.traceID)
        #expect(trace.server.parentID == nil)
        let link = try #require(trace.server.links.first)
        #expect("\(link.context.traceID)" == Self.traceID)
        #expect("\(link.context.spanID)" == Self.parentID)
        #expect(traceparent(of: upstream.requests[0])?.trace == trace.id)
        #expect(!upstream.requests[0].lowercased().contains("tracestate"))
    }

    @Test func `a trace id of Portkey's is taken where no traceparent came`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let field = "x-portkey-trace-id: \(Self.traceID)"
        _ = try gateway.answer(to: Wire.chat([field]))
        let first = try gateway.trace()
        #expect(first.id == Self.traceID)
        #expect(first.server.parentID == nil)
        // Not ours, so not known to be random.
        #expect(traceparent(of: upstream.requests[0])?.flags == "01")
        #expect(!upstream.requests[0].lowercased().contains("portkey"))
        let other = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-\(Self.parentID)-01"
        _ = try gateway.answer(to: Wire.chat([field, "traceparent: \(other)"]))
        #expect(try gateway.trace().id == "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        _ = try gateway.answer(to: Wire.chat(["x-portkey-trace-id: my run 7\u{1F600}"]))
        #expect(try gateway.trace().id.count == 32)
    }

    @Test func `only listed baggage becomes attributes, and none goes upstream`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(
            to: Wire.chat([
                "baggage: session.id=s1,user.id=u%201;prop=1,gen_ai.conversation.id=c1",
                "baggage: metadata.team=blue,secret=hush,service.name=evil,metadata.=x",
            ]))
        let trace = try gateway.trace()
        for span in [trace.server, trace.operations[0], trace.attempts[0]] {
            #expect(span["session.id"] == "s1")
            #expect(span["user.id"] == "u 1")
            #expect(span["metadata.team"] == "blue")
            #expect(span["service.name"] == nil)
        }
        #expect(trace.operations[0]["gen_ai.conversation.id"] == "c1")
        #expect(trace.server["gen_ai.conversation.id"] == nil)
        #expect(!trace.allText.contains("hush"))
        #expect(!upstream.requests[0].lowercased().contains("baggage"))
    }

    @Test func `what metadata and baggage both name is as the metadata says`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(
            to: Wire.chat([
                "baggage: metadata.team=blue", "x-portkey-metadata: {\"team\":\"red\"}",
            ]))
        for span in try gateway.trace().spans { #expect(span["metadata.team"] == "red") }
    }

    @Test func `the client's request id is that of the spans`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try #require(try gateway.answer(to: Wire.chat()))
        let id = try #require(response.header("x-request-id"))
        let trace = try gateway.trace()
        #expect(trace.server["martlet.request.id"] == id)
        #expect(trace.operations[0]["martlet.request.id"] == id)
    }

    @Test func `baggage goes on where that is configured`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["upstream.forwardBaggage": "true"])
        _ = try gateway.answer(to: Wire.chat(["baggage: a=1,b=2"]))
        #expect(upstream.requests[0].contains("\r\nbaggage: a=1,b=2\r\n"))
    }

    @Test func `no context goes upstream where that is switched off`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["upstream.propagateTraceContext": "false"])
        _ = try gateway.answer(to: Wire.chat([Self.parent(), "tracestate: a=1"]))
        #expect(!upstream.requests[0].lowercased().contains("trace"))
        #expect(try gateway.trace().id == Self.traceID)
    }

    @Test(
        "oversized or odd baggage and state never break a request",
        arguments: [
            "baggage: " + (0..<1000).map { "metadata.k\($0)=v" }.joined(separator: ","),
            "baggage: metadata.x=" + String(repeating: "y", count: 10_000),
            "baggage: metadata.x=%zz,=,;,metadata.y=%0d%0aX-Evil:1,,,",
            "tracestate: " + (0..<33).map { "k\($0)=v" }.joined(separator: ","),
            "tracestate: a=1,a=2", "tracestate: A=1", "tracestate: ,,,",
            "tracestate: k=" + String(repeating: "v", count: 600),
            "x-portkey-metadata: {\"_user\":\"u1\",\"team\":{\"a\":1},\"n\":7}",
            "x-portkey-metadata: not json", "x-portkey-metadata: [1]",
        ])
    func survivesOddContext(_ field: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat([Self.parent(), field]))
        #expect(response?.status == 200)
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.spans.allSatisfy { $0.attributes.count <= 128 })
        #expect(!upstream.requests[0].contains("X-Evil"))
        if field.contains("_user") {
            #expect(trace.server["user.id"] == "u1")
            #expect(trace.server["metadata.n"] == "7")
            #expect(trace.server["metadata.team"] == nil)
        }
    }
}
