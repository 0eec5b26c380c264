import Glibc

/// A POSIX extended regular expression as glibc compiles it, in the C locale: it sees bytes.
///
/// glibc runs a finite automaton over the text; the one thing that makes it go back and forth
/// without bound is a back reference, and those are refused. Confined to one thread at a time.
@safe
package final class RegularExpression {
    /// Bytes of a pattern: nested repetitions make an automaton of many times its size.
    package static let patternBytesMax = 512

    /// Why a pattern is refused: glibc's sentence in lower case, or ours.
    package struct Failure: Error {
        /// Without full stop.
        package let reason: String
    }

    private let compiled: UnsafeMutablePointer<regex_t>

    /// Compiles `pattern`; letters match in either case unless `isCaseSensitive`.
    package init(_ pattern: String, isCaseSensitive: Bool = true) throws(Failure) {
        guard !pattern.isEmpty, pattern.utf8.count <= Self.patternBytesMax else {
            throw Failure(reason: "has not 1 to \(Self.patternBytesMax) bytes")
        }
        guard !pattern.utf8.contains(0) else { throw Failure(reason: "holds a null byte") }
        guard !Self.refersBack(pattern) else {
            throw Failure(reason: "refers back to a group, which is not allowed here")
        }
        // SAFETY: room for one, freed in `deinit` or below.
        let room = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        unsafe room.initialize(to: regex_t())
        let flags = REG_EXTENDED | (isCaseSensitive ? 0 : REG_ICASE)
        // SAFETY: regcomp fills the room, or leaves nothing to free in it.
        let code = unsafe regcomp(room, pattern, flags)
        guard code == 0 else {
            let reason = unsafe Self.reason(of: code, room)
            unsafe room.deallocate()
            throw Failure(reason: reason)
        }
        unsafe compiled = room
    }

    deinit {
        // SAFETY: this is the expression's one owner.
        unsafe regfree(compiled)
        unsafe compiled.deallocate()
    }

    /// The first and longest match in `text` at or after `start`, before `end`; nil where there
    /// is none. `^` and `$` stand for the start and end of the text alone.
    package func firstMatch(in text: Span<UInt8>, from start: Int, to end: Int) -> Range<Int>? {
        precondition(start >= 0 && start <= end && end <= text.count)
        // SAFETY: with REG_STARTEND only the bytes from start to end are read.
        return unsafe text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var match = regmatch_t(rm_so: regoff_t(start), rm_eo: regoff_t(end))
            var flags = REG_STARTEND
            if start > 0 { flags |= REG_NOTBOL }
            if end < bytes.count { flags |= REG_NOTEOL }
            let code = unsafe regexec(
                compiled, base.assumingMemoryBound(to: CChar.self), 1, &match, flags)
            guard code == 0 else { return nil }
            return Int(match.rm_so)..<Int(match.rm_eo)
        }
    }

    /// Whether a backslash stands before a digit.
    private static func refersBack(_ pattern: String) -> Bool {
        var isEscaped = false
        for byte in pattern.utf8 {
            if isEscaped, byte &- 0x30 < 10 { return true }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        return false
    }

    @unsafe
    private static func reason(of code: Int32, _ room: UnsafeMutablePointer<regex_t>) -> String {
        var text = [CChar](repeating: 0, count: 128)
        // SAFETY: the text, ended by a null byte, takes at most the given count.
        let length = unsafe text.withUnsafeMutableBufferPointer {
            unsafe regerror(code, room, $0.baseAddress, $0.count)
        }
        let bytes = text.prefix(max(0, min(length, text.count) - 1)).map { UInt8(bitPattern: $0) }
        return "is no regular expression: " + String(decoding: bytes, as: UTF8.self).lowercased()
    }
}
