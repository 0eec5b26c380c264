import Glibc

/// What is known of where output goes.
package enum Terminal {
    /// Standard output is a terminal that shows colours.
    package static func hasColours(_ environment: [String: String]) -> Bool {
        isatty(STDOUT_FILENO) == 1 && environment["NO_COLOR", default: ""].isEmpty
            && environment["TERM"] != "dumb"
    }
}

/// Ends the process.
package enum Termination {
    /// With `code`, at once.
    package static func exit(_ code: Int32) -> Never {
        Glibc.exit(code)
    }
}
