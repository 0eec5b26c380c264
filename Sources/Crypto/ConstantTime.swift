import Bytes
import COpenSSL

/// Comparisons whose duration says nothing about where secrets differ.
package enum ConstantTime {
    /// The same bytes. The duration depends on the counts only, and differing counts show.
    package static func equals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        // SAFETY: both pointers are valid for the count; of none nothing is read.
        return unsafe left.withUnsafeBytes { mine in
            unsafe right.withUnsafeBytes { theirs in
                guard let first = mine.baseAddress, let second = theirs.baseAddress else {
                    return true
                }
                return unsafe CRYPTO_memcmp(first, second, mine.count) == 0
            }
        }
    }
}
