/// `debug`: the pages that show recent traces.
package struct DebugSettings: Sendable, Equatable {
    /// Requests whose traces are kept; nil: no pages.
    package internal(set) var tracesMax: Int? = 100
    /// Bytes their spans may hold.
    package internal(set) var traceBytesMax = 16 << 20
}

/// `admin`: who may see what the gateway knows.
package struct AdminSettings: Sendable, Equatable {
    /// Opens the debug pages from anywhere; nil: they open to this machine alone.
    package internal(set) var key: Secret?
}
