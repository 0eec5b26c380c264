import Bytes

/// `http.server.active_requests` of one worker, by method.
final class ActiveRequests: Sendable {
    /// The methods of RFC 9110 and PATCH, in the order of `HTTPMethod`, and the conventions'
    /// word for all others.
    static let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "_OTHER",
    ]

    /// By the method's place.
    static let labels = methods.map {
        MetricLabels([
            MetricLabel("http.request.method", $0), MetricLabel("url.scheme", "http"),
        ])
    }

    /// For each method what began, then for each what ended.
    private let counts = CounterBlock(count: 20)

    func begin(_ method: Int) { counts.add(1, at: min(method, 9)) }

    func end(_ method: Int) { counts.add(1, at: 10 + min(method, 9)) }

    func wasUsed(_ method: Int) -> Bool { counts[method] > 0 }

    /// Not below zero, though the two numbers are read one after the other.
    func value(_ method: Int) -> Int {
        let ended = counts[10 + method]
        return max(0, counts[method] - ended)
    }
}
