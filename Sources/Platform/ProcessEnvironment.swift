import Glibc

/// The environment the process was started with.
package enum ProcessEnvironment {
    /// All variables; of a name given twice, the first counts, as in getenv(3). Values that are
    /// not UTF-8 hold U+FFFD where they are not.
    package static let variables: [String: String] = {
        var result: [String: String] = [:]
        // SAFETY: read before other threads run, and nobody here changes the environment.
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                let name = String(pair[..<equals])
                if result[name] == nil {
                    result[name] = String(pair[pair.index(after: equals)...])
                }
            }
            unsafe entry += 1
        }
        return result
    }()
}
