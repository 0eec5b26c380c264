import Telemetry
import Testing
import W3CTraceContext

@Suite struct SamplerTests {
    @Test(
        arguments: [
            ("always_on", nil, true), ("always_on", [], true), ("always_off", .sampled, false),
            ("parentbased_always_on", nil, true), ("parentbased_always_on", [], false),
            ("parentbased_always_on", .random, false), ("parentbased_always_on", .sampled, true),
            ("parentbased_always_off", nil, false), ("parentbased_always_off", .sampled, true),
            ("PARENTBASED_ALWAYS_OFF", [.sampled, .random], true),
            ("parentbased_traceidratio", .sampled, true), ("parentbased_traceidratio", [], false),
        ] as [(String, TraceFlags?, Bool)])
    func `the parent's flag decides where the sampler says so`(
        name: String, parent: TraceFlags?, wanted: Bool
    ) throws {
        let sampler = try #require(Sampler(name: name, argument: "0"))
        #expect(sampler.isSampled(traceID: traceID(5), parentFlags: parent) == wanted)
    }

    @Test(
        arguments: [
            ("0.5", 0x7FFF_FFFF_FFFF_FFFF, true), ("0.5", 0x8000_0000_0000_0000, false),
            ("0", 1, false), ("1", .max, true), ("0.25", 0x3FFF_FFFF_FFFF_FFFF, true),
            ("0.25", 0x4000_0000_0000_0000, false), ("1e-9", 1, true),
        ] as [(String, UInt64, Bool)])
    func `a ratio looks at the low eight bytes of the trace id`(
        ratio: String, low: UInt64, wanted: Bool
    ) throws {
        let sampler = try #require(Sampler(name: "traceidratio", argument: ratio))
        #expect(sampler.isSampled(traceID: traceID(low), parentFlags: .sampled) == wanted)
    }

    @Test func `a ratio of a tenth takes about a tenth`() throws {
        let sampler = try #require(Sampler(name: "traceidratio", argument: "0.1"))
        var ids = IDGenerator(seed: 1)
        let taken = (0..<10_000).count { _ in
            sampler.isSampled(traceID: ids.traceID(), parentFlags: nil)
        }
        #expect((900...1100).contains(taken))
    }

    @Test(arguments: [nil, "", "x", "-1", "1.5", "nan"])
    func `a ratio that is none means all`(argument: String?) {
        #expect(Sampler(name: "traceidratio", argument: argument)?.root == .ratio(1))
    }

    @Test(arguments: ["", "xray", "jaeger_remote", "always"])
    func `an unknown sampler is none`(name: String) {
        #expect(Sampler(name: name, argument: nil) == nil)
    }
}
