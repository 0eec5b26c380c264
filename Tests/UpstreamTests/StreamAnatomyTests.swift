import Testing
import Upstream

@Suite struct StreamAnatomyTests {
    @Test func `the largest gap, its start, and the gaps that are stalls are told`() {
        var anatomy = StreamAnatomy()
        for time: UInt64 in [1000, 1010, 1110, 1120, 1170] { anatomy.take(at: time, stall: 50) }
        #expect(anatomy.firstByteAt == 1000)
        #expect(anatomy.lastByteAt == 1170)
        #expect(anatomy.gapMax == 100)
        #expect(anatomy.gapMaxAt == 1010)
        #expect(anatomy.stallCount == 2)
        #expect(anatomy.stalled == 150)
        #expect(anatomy.blocked == 0)
    }

    @Test func `time in which the client was waited for is no gap of the upstream's`() {
        var anatomy = StreamAnatomy()
        anatomy.take(at: 100, stall: 50)
        anatomy.pause(at: 120)
        anatomy.pause(at: 500)
        anatomy.take(at: 900, stall: 50)
        #expect(anatomy.blocked == 780)
        #expect(anatomy.gapMax == 20)
        #expect(anatomy.gapMaxAt == 100)
        #expect(anatomy.stallCount == 0)
        anatomy.take(at: 930, stall: 50)
        #expect(anatomy.gapMax == 30)
    }

    @Test func `the wait for what did not come counts, and a pause that lasts to the end`() {
        var stalled = StreamAnatomy()
        stalled.take(at: 100, stall: 50)
        stalled.end(at: 400, stall: 50)
        #expect(stalled.gapMax == 300)
        #expect(stalled.stallCount == 1)
        var paused = StreamAnatomy()
        paused.take(at: 100, stall: 50)
        paused.pause(at: 110)
        paused.end(at: 400, stall: 50)
        #expect(paused.blocked == 290)
        #expect(paused.gapMax == 10)
        var empty = StreamAnatomy()
        empty.pause(at: 10)
        empty.end(at: 400, stall: 50)
        #expect(empty.firstByteAt == 0)
        #expect(empty.blocked == 0)
    }

    @Test func `without a limit nothing is a stall`() {
        var anatomy = StreamAnatomy()
        anatomy.take(at: 1, stall: 0)
        anatomy.take(at: 1 << 40, stall: 0)
        #expect(anatomy.stallCount == 0)
    }

    @Test(
        "a stream's end has one name",
        arguments: [
            (nil, false, true, "done"), (nil, false, false, "no_done"),
            (nil, true, true, "error_event"), (UpstreamFailure.cut, true, false, "cut"),
            (.closed, false, false, "cut"), (.idleTimeout, false, false, "idle_timeout"),
            (.totalTimeout, false, false, "total_timeout"),
            (.clientGone, false, true, "client_disconnected"),
        ] as [(UpstreamFailure?, Bool, Bool, String)])
    func names(_ failure: UpstreamFailure?, _ hasError: Bool, _ isDone: Bool, _ name: String) {
        #expect("\(StreamEnd.name(failure: failure, hasError: hasError, isDone: isDone))" == name)
    }
}
