import Bytes
import Networking
import Telemetry
import Testing
import W3CTraceContext

/// Attributes that are set once and copied.
@Suite struct PreparedAttributesTests {
    /// Prepared: a method and a status.
    private func prepared(_ limits: SpanLimits = SpanLimits()) throws -> PreparedAttributes {
        let span = recorder(limits: limits).span("a")
        span.set(HTTPAttributes.requestMethod, "GET")
        span.set(HTTPAttributes.responseStatusCode, 200)
        return try #require(span.prepareAttributes())
    }

    private func keys(_ span: SpanRecord) -> [String] { span.attributes.map(\.key) }

    @Test func `they are on the other span as if set one by one`() throws {
        let span = recorder().span("b")
        span.set(HTTPAttributes.route, "/x")
        span.set(try prepared())
        #expect(keys(span) == ["http.route", "http.request.method", "http.response.status_code"])
        #expect(span.attributeCount == 3)
        span.set(HTTPAttributes.responseStatusCode, 404)
        #expect(span.attributes.last?.value == .int(404))
        #expect(span.attributeCount == 3)
    }

    @Test func `what has their keys already is replaced, not doubled`() throws {
        let span = recorder().span("b")
        span.set(HTTPAttributes.requestMethod, "POST")
        span.set(HTTPAttributes.route, "/x")
        span.set(try prepared())
        #expect(
            keys(span).sorted()
                == ["http.request.method", "http.response.status_code", "http.route"])
        #expect(span.attributes.first { $0.key == "http.request.method" }?.value == .string("GET"))
        #expect(span.attributeCount == 3)
    }

    @Test func `the limit counts for each span, and what it leaves out is counted`() throws {
        var limits = SpanLimits()
        limits.attributeCountMax = 2
        let span = recorder(limits: limits).span("b")
        span.set(HTTPAttributes.route, "/x")
        span.set(try prepared(limits))
        #expect(keys(span) == ["http.route", "http.request.method"])
        #expect(span.droppedAttributesCount == 1)

        // A span that has left something out is no model for others.
        #expect(span.prepareAttributes() == nil)
    }

    @Test func `of a span's later attributes alone, unless they replace earlier ones`() throws {
        let span = recorder().span("a")
        span.set(HTTPAttributes.requestMethod, "GET")
        let mark = span.mark
        span.set(HTTPAttributes.route, "/x")
        let later = try #require(span.prepareAttributes(since: mark))
        let other = recorder().span("b")
        other.set(later)
        #expect(keys(other) == ["http.route"])
        span.set(HTTPAttributes.requestMethod, "PUT")
        #expect(span.prepareAttributes(since: mark) == nil)
    }
}

@Suite struct ClockAnchorTests {
    @Test func `clocks run with the wall clock, which is read anew now and then`() {
        var anchor = ClockAnchor()
        let first = anchor.clock(at: 1)
        // Made as if the monotonic clock had just begun: the distance is that of the first look.
        let near = anchor.clock(at: 1 + ClockAnchor.stale / 2)
        #expect(near.time(atMonotonic: 5) == first.time(atMonotonic: 5))
        for clock in [anchor.clock(at: 1 + 2 * ClockAnchor.stale), anchor.clock(at: 0)] {
            let now = Clock.wall
            let told = clock.now
            #expect((told > now ? told - now : now - told) < 10_000_000_000)
        }
        let later = anchor.clock(at: 1 + 10 * ClockAnchor.stale)
        #expect(later.time(atMonotonic: 5) != first.time(atMonotonic: 5))
    }
}
