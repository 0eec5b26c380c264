import HTTP1

/// Limits and time-outs of the connections of a server. Times are milliseconds; 0 is no limit.
package struct ConnectionSettings: Sendable {
    /// What a request's head and framing may cost.
    package var http = HTTP1Limits()
    /// From a request's first byte to the end of its head; beyond: 408.
    package var headerTimeout: UInt64 = 10_000
    /// Between two pieces of a request's body; beyond: 408.
    package var bodyIdleTimeout: UInt64 = 30_000
    /// Between two requests of a connection, and before the first; beyond: closed.
    package var keepAliveTimeout: UInt64 = 75_000
    /// Without the client taking a single byte that waits for it; beyond: reset.
    package var writeStallTimeout: UInt64 = 60_000
    /// How long a refused request is still read, so that its answer is not lost in a reset.
    package var lingerTimeout: UInt64 = 2_000
    /// Bytes of further requests that may wait while one is answered; beyond: closed, because
    /// only reading on shows that a client left.
    package var pipelinedBytesMax = 64 << 10
    /// Serve clients that close their sending side before they have their answer, instead of
    /// taking that for leaving.
    package var answersHalfClosed = false

    package init() {}
}
