import Glibc

extension StaticString {
    /// The literal's UTF-8.
    public var bytes: Span<UInt8> {
        @_lifetime(immortal)
        get {
            precondition(hasPointerRepresentation)
            // SAFETY: a literal's bytes live as long as the program.
            let elements = unsafe UnsafeBufferPointer(
                start: utf8Start, count: utf8CodeUnitCount)
            let span = unsafe Span(_unsafeElements: elements)
            return unsafe _overrideLifetime(span, copying: ())
        }
    }
}

extension Span<UInt8> {
    /// The same bytes.
    public func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        let count = count
        // SAFETY: both pointers are valid for `count` bytes, and no load goes beyond.
        return unsafe withUnsafeBytes { mine in
            unsafe other.withUnsafeBytes { theirs in
                // Names are short: two words that overlap, without a call.
                switch count {
                case 0: true
                case 4...7:
                    unsafe mine.loadUnaligned(as: UInt32.self)
                        == theirs.loadUnaligned(as: UInt32.self)
                        && mine.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                            == theirs.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                case 8...16:
                    unsafe mine.loadUnaligned(as: UInt64.self)
                        == theirs.loadUnaligned(as: UInt64.self)
                        && mine.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
                            == theirs.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
                default: unsafe memcmp(mine.baseAddress!, theirs.baseAddress!, count) == 0
                }
            }
        }
    }

    /// The literal's bytes.
    public func equals(_ literal: StaticString) -> Bool {
        equals(literal.bytes)
    }

    /// The literal's bytes but for the case of ASCII letters. `literal` is lower case.
    public func equalsIgnoringCase(_ literal: StaticString) -> Bool {
        let count = count
        guard count == literal.utf8CodeUnitCount else { return false }
        precondition(literal.hasPointerRepresentation)
        // SAFETY: both are `count` bytes long, and every load is of bytes before that.
        return unsafe withUnsafeBytes { mine in
            let other = unsafe UnsafeRawBufferPointer(start: literal.utf8Start, count: count)
            if count >= 8 {
                var offset = 0
                while true {
                    let word = unsafe mine.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    let wanted = unsafe other.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    guard ASCII.lowercased(word: word) == wanted else { return false }
                    if offset == count - 8 { return true }
                    // The last word overlaps the one before.
                    offset = Swift.min(offset + 8, count - 8)
                }
            }
            for index in 0..<count
            where unsafe ASCII.lowercased(mine[index]) != other[index] { return false }
            return true
        }
    }

    /// Begins with the literal's bytes.
    public func starts(with literal: StaticString) -> Bool {
        let prefix = literal.bytes
        return count >= prefix.count && extracting(0..<prefix.count).equals(prefix)
    }

    /// The offset of the first `byte` at or after `offset`, or nil.
    public func firstIndex(of byte: UInt8, from offset: Int = 0) -> Int? {
        guard offset < count else { return nil }
        // SAFETY: memchr reads only the `count - offset` bytes that are there.
        return unsafe withUnsafeBytes { all in
            guard
                let found = unsafe memchr(
                    all.baseAddress! + offset, Int32(byte), all.count - offset)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - all.baseAddress!
        }
    }

    /// The offset of the first control character (below 0x20 or 0x7F, tab excepted) in `range`,
    /// or nil: what a header's value must not hold (RFC 9110 section 5.5).
    public func firstControl(in range: Range<Int>) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high = ones &* 0x80
        let upper = range.upperBound
        precondition(range.lowerBound >= 0 && upper <= count)
        // SAFETY: every load is of bytes of the span.
        return unsafe withUnsafeBytes { all in
            var offset = range.lowerBound
            while offset < upper {
                if all.count - offset >= 8 {
                    var word = unsafe all.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    if upper - offset < 8 {
                        // What stands behind the range counts as spaces.
                        let mask = UInt64.max &<< UInt64((upper - offset) * 8)
                        word = (word.littleEndian & ~mask) | (ones &* 0x20 & mask)
                    }
                    let deleted = word ^ (ones &* 0x7F)
                    let below = (word &- ones &* 0x20) & ~word
                    if (below | (deleted &- ones) & ~deleted) & high == 0 {
                        offset += 8
                        continue
                    }
                }
                let end = Swift.min(offset + 8, upper)
                while offset < end {
                    let byte = unsafe all[offset]
                    if byte < 0x20 ? byte != ASCII.tab : byte == 0x7F { return offset }
                    offset += 1
                }
            }
            return nil
        }
    }

    /// The offset of the first byte at or after `offset` that no token has (RFC 9110 section
    /// 5.6.2), or `count`. Letters and "-" are looked at eight at a time.
    public func endOfToken(from offset: Int) -> Int {
        precondition(offset >= 0 && offset <= count)
        // SAFETY: every load is of bytes of the span.
        return unsafe withUnsafeBytes { all in
            var offset = offset
            while all.count - offset >= 8 {
                let word = unsafe all.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let others = ~ASCII.namePart(of: word.littleEndian) & 0x8080_8080_8080_8080
                if others == 0 {
                    offset += 8
                    continue
                }
                offset += others.trailingZeroBitCount / 8
                guard unsafe ASCII.isToken(all[offset]) else { return offset }
                offset += 1
            }
            while offset < all.count, unsafe ASCII.isToken(all[offset]) { offset += 1 }
            return offset
        }
    }

    /// How often `byte` occurs; sixteen bytes are looked at in a step.
    public func count(of byte: UInt8) -> Int {
        // SAFETY: each load lies within the span.
        unsafe withUnsafeBytes { all in
            var total = 0
            var offset = 0
            let wanted = SIMD16<UInt8>(repeating: byte)
            while offset + 16 <= all.count {
                var matches = SIMD16<UInt8>()
                // No lane counts beyond 255.
                let end = min(all.count - 15, offset + 255 * 16)
                while offset < end {
                    let chunk = unsafe all.loadUnaligned(
                        fromByteOffset: offset, as: SIMD16<UInt8>.self)
                    matches &+= SIMD16<UInt8>(repeating: 0).replacing(
                        with: 1, where: chunk .== wanted)
                    offset += 16
                }
                total += Int(SIMD16<UInt16>(truncatingIfNeeded: matches).wrappedSum())
            }
            while offset < all.count {
                if unsafe all[offset] == byte { total += 1 }
                offset += 1
            }
            return total
        }
    }

    /// The part without spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
    public var trimmed: Span<UInt8> {
        @_lifetime(copy self)
        get {
            var lower = 0
            var upper = count
            while lower < upper, self[lower] == ASCII.space || self[lower] == ASCII.tab {
                lower += 1
            }
            while upper > lower, self[upper - 1] == ASCII.space || self[upper - 1] == ASCII.tab {
                upper -= 1
            }
            return extracting(lower..<upper)
        }
    }

    /// The bytes as decimal digits only, or nil: also for none, and for a value over `Int.max`.
    public var decimal: Int? {
        guard count > 0, count <= 19 else { return nil }
        var value = 0
        for index in indices {
            let digit = self[index] &- 0x30
            guard digit < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(Int(digit))
            guard !overflow, !carried else { return nil }
            value = sum
        }
        return value
    }
}

extension String {
    /// A copy of `bytes` as text; what is not UTF-8 becomes U+FFFD.
    public init(decoding bytes: Span<UInt8>) {
        // SAFETY: the buffer is only read inside the closure.
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
