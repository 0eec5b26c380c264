import Bytes

extension ByteBuffer {
    /// Appends a time as an IMF-fixdate, the form of `Date` (RFC 9110 section 5.6.7):
    /// `Sun, 06 Nov 1994 08:49:37 GMT`. `unixTime` is in seconds since 1970, the years 0 to 9999.
    package mutating func appendHTTPDate(unixTime: Int) {
        let (days, second) = unixTime.flooredQuotientAndRemainder(by: 86_400)
        let (year, month, day) = Self.civilDate(daysSince1970: days)
        precondition((0...9999).contains(year))
        // 1 January 1970 was a Thursday.
        let weekday = (days + 4).flooredQuotientAndRemainder(by: 7).1
        appendLetters(of: "SunMonTueWedThuFriSat", at: weekday)
        append(", ")
        append(twoDigits: day)
        append(ASCII.space)
        appendLetters(of: "JanFebMarAprMayJunJulAugSepOctNovDec", at: month - 1)
        append(ASCII.space)
        append(twoDigits: year / 100)
        append(twoDigits: year % 100)
        append(ASCII.space)
        append(twoDigits: second / 3600)
        append(UInt8(ascii: ":"))
        append(twoDigits: second / 60 % 60)
        append(UInt8(ascii: ":"))
        append(twoDigits: second % 60)
        append(" GMT")
    }

    private mutating func append(twoDigits value: Int) {
        append(UInt8(ascii: "0") + UInt8(value / 10))
        append(UInt8(ascii: "0") + UInt8(value % 10))
    }

    private mutating func appendLetters(of names: StaticString, at index: Int) {
        append(names.bytes.extracting(index * 3..<index * 3 + 3))
    }

    /// The date in the proleptic Gregorian calendar, counted in eras of 400 years that begin on
    /// 1 March, so that the leap day is the last of its year.
    private static func civilDate(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (daysSince1970 + 719_468).flooredQuotientAndRemainder(by: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

extension Int {
    fileprivate func flooredQuotientAndRemainder(by divisor: Int) -> (Int, Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
