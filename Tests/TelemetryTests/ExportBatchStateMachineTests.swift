import OTLP
import Telemetry
import Testing

private let second: UInt64 = 1_000_000_000

@Suite struct ExportBatchStateMachineTests {
    private func machine(
        spans: Int = 10, content: ContentMode = .full, hasContent: Bool = true,
        _ change: (inout RetryPolicy) -> Void = { _ in }
    ) -> ExportBatchStateMachine {
        var policy = RetryPolicy()
        change(&policy)
        return ExportBatchStateMachine(
            policy: policy, itemCount: spans, content: content, hasContent: hasContent, now: 0)
    }

    /// What a status means by HTTP; `retryAfter` is in nanoseconds.
    private func verdict(_ status: Int, retryAfter: UInt64?) -> ExportAnswer.Verdict {
        let header = retryAfter.map { "\($0 / second)" }
        let response = ExportResponse(status: status, retryAfter: header)
        return ExportAnswer(response, to: .traces, in: .protobuf, now: 0).verdict
    }

    @Test(arguments: [200, 202, 204])
    func `a success ends the batch`(status: Int) {
        var machine = machine()
        #expect(machine.proceed(now: 0) == .send(timeout: 10 * second))
        let action = machine.answerReceived(
            verdict(status, retryAfter: nil), now: 1, jitter: 0)
        #expect(action == .succeed)
    }

    @Test(arguments: [400, 401, 403, 404, 405, 408, 415, 422, 500, 501, 505, 301, 302, 307, 304])
    func `statuses that forbid a retry lose the batch`(status: Int) {
        var machine = machine()
        _ = machine.proceed(now: 0)
        let action = machine.answerReceived(
            verdict(status, retryAfter: 5 * second), now: 1, jitter: 0)
        let isKey = status == 401 || status == 403
        #expect(action == .giveUp(isKey ? .unauthorized : .refused, pause: 0))
    }

    @Test(arguments: [429, 502, 503, 504])
    func `statuses that allow a retry wait, longer each time, and then give up`(status: Int) {
        var machine = machine()
        var now: UInt64 = 0
        var waits: [UInt64] = []
        while true {
            #expect(machine.isRetry == !waits.isEmpty)
            guard case .send = machine.proceed(now: now) else { break }
            let action = machine.answerReceived(
                verdict(status, retryAfter: nil), now: now, jitter: 0.5)
            guard case .wait(let nanoseconds) = action else {
                #expect(action == .giveUp(.retriesExhausted, pause: 0))
                break
            }
            waits.append(nanoseconds / second)
            now += nanoseconds
        }
        #expect(waits == [1, 2, 4, 8, 10])
    }

    @Test(arguments: [(0.0, 500), (0.5, 1_000), (1.0, 1_500), (7.0, 1_500), (-1.0, 500)])
    func `jitter spreads the wait from half to one and a half`(jitter: Double, wanted: UInt64) {
        var machine = machine()
        _ = machine.proceed(now: 0)
        #expect(
            machine.connectionFailed(now: 0, jitter: jitter)
                == .wait(nanoseconds: wanted * 1_000_000))
    }

    @Test func `the receiver's own time is kept to`() {
        var machine = machine()
        _ = machine.proceed(now: 0)
        let action = machine.answerReceived(
            verdict(503, retryAfter: 7 * second), now: 0, jitter: 0)
        #expect(action == .wait(nanoseconds: 7 * second))
    }

    @Test func `a time beyond the timeout gives up, and still keeps away for so long`() {
        var machine = machine()
        _ = machine.proceed(now: 0)
        let action = machine.answerReceived(
            verdict(429, retryAfter: 60 * second), now: 0, jitter: 0)
        #expect(action == .giveUp(.retriesExhausted, pause: 60 * second))
    }

    @Test func `a request gets no more time than the batch has left`() {
        var machine = machine()
        #expect(machine.proceed(now: 0) == .send(timeout: 10 * second))
        #expect(
            machine.connectionFailed(now: 24 * second, jitter: 0.5) == .wait(nanoseconds: second))
        #expect(machine.proceed(now: 25 * second) == .send(timeout: 5 * second))
        #expect(
            machine.connectionFailed(now: 29 * second, jitter: 0.5)
                == .giveUp(.retriesExhausted, pause: 0))
    }

    @Test func `no timeout means trying on`() {
        var machine = machine {
            $0.exportTimeout = 0
            $0.requestTimeout = 0
        }
        for round in 0..<100 as Range<UInt64> {
            #expect(machine.proceed(now: round * 1_000 * second) == .send(timeout: .max))
            let action = machine.connectionFailed(now: round * 1_000 * second, jitter: 0.5)
            guard case .wait(let nanoseconds) = action else {
                Issue.record("gave up in round \(round)")
                return
            }
            #expect(nanoseconds <= 10 * second)
        }
    }

    @Test func `a batch that is too large is split, its halves keep the deadline`() {
        var whole = machine(spans: 2)
        _ = whole.proceed(now: 0)
        let action = whole.answerReceived(
            verdict(413, retryAfter: nil), now: 0, jitter: 0)
        #expect(action == .split)
        var half = whole.half(itemCount: 1)
        #expect(half.proceed(now: 29 * second) == .send(timeout: second))
        var late = whole.half(itemCount: 1)
        #expect(late.proceed(now: 30 * second) == .giveUp(.retriesExhausted, pause: 0))
    }

    @Test func `a span that is too large loses its content step by step, then is dropped`() {
        var machine = machine(spans: 1)
        var actions: [ExportBatchStateMachine.Action] = []
        for _ in 0..<3 {
            _ = machine.proceed(now: 0)
            actions.append(
                machine.answerReceived(
                    verdict(413, retryAfter: nil), now: 0, jitter: 0))
        }
        #expect(
            actions == [
                .reduce(.shortened(bytesMax: 16 << 10)), .reduce(.none),
                .giveUp(.tooLarge, pause: 0),
            ])
    }

    @Test func `a span without content that is too large is dropped at once`() {
        var machine = machine(spans: 1, hasContent: false)
        _ = machine.proceed(now: 0)
        #expect(
            machine.answerReceived(
                verdict(413, retryAfter: nil), now: 0, jitter: 0)
                == .giveUp(.tooLarge, pause: 0))
    }
}

@Suite struct RetryAfterTests {
    /// 1994-11-06 08:49:00 UTC.
    let now: UInt64 = 784_111_740 * second

    @Test(
        arguments: [
            ("0", 0), ("7", 7), (" 120 ", 120), ("100000", 300),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sun, 06 Nov 1994 08:48:00 GMT", 0),
            ("Sun, 06 Nov 2094 08:49:37 GMT", 300),
        ] as [(String, UInt64)])
    func `seconds and dates are read, and bounded`(value: String, wanted: UInt64) {
        #expect(RetryAfter.nanoseconds(value.utf8.span, now: now) == wanted * second)
    }

    @Test(arguments: [
        "", "soon", "-1", "1.5", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
        "99999999999999999999999999",
    ])
    func `anything else is nothing`(value: String) {
        #expect(RetryAfter.nanoseconds(value.utf8.span, now: now) == nil)
    }
}
