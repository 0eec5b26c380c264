/// The upper bounds of a histogram's buckets, each inclusive (opentelemetry-proto v1.11.0,
/// `HistogramDataPoint.explicit_bounds`); one more bucket takes what is above all of them.
package final class BucketBounds: Sendable {
    /// The bounds in the metric's unit, ascending.
    package let values: [Double]
    /// The bounds in what is recorded: nanoseconds where the unit is the second.
    let limits: [Int]

    /// `scale` is what one unit is in what is recorded.
    init(_ values: [Double], scale: Int) {
        self.values = values
        limits = values.map { Int(($0 * Double(scale)).rounded()) }
    }

    /// Buckets, the last one included.
    package var bucketCount: Int { limits.count + 1 }

    /// The bucket of a value.
    @inline(__always)
    func bucket(of value: Int) -> Int {
        var index = 0
        while index < limits.count, value > limits[index] { index += 1 }
        return index
    }

    /// Bounds in seconds, of durations in nanoseconds.
    static func seconds(_ values: [Double]) -> BucketBounds {
        BucketBounds(values, scale: 1_000_000_000)
    }
}

extension BucketBounds {
    /// `gen_ai.client.operation.duration` and others (semconv v1.40.0, docs/gen-ai).
    static let operation = seconds([
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ])

    /// `gen_ai.client.token.usage` (semconv v1.40.0, docs/gen-ai).
    static let tokens = BucketBounds(
        [
            1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1_048_576, 4_194_304,
            16_777_216, 67_108_864,
        ], scale: 1)

    /// `gen_ai.server.time_to_first_token` (semconv v1.40.0, docs/gen-ai).
    static let firstToken = seconds([
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ])

    /// `gen_ai.server.time_per_output_token` (semconv v1.40.0, docs/gen-ai).
    static let perToken = seconds([
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5,
    ])

    /// `http.*.request.duration` (semconv v1.40.0, docs/http).
    static let http = seconds([
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ])

    /// `db.client.operation.duration` (semconv v1.40.0, docs/db).
    static let database = seconds([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10])

    /// Our own time before a call: from what a request costs us to what a full machine adds.
    static let queue = seconds([
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
        0.5, 1,
    ])
}
