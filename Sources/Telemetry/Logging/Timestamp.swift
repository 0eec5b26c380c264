import Bytes

/// Time stamps as RFC 3339 writes them, in UTC with milliseconds.
package enum Timestamp {
    /// Appends e.g. `2026-11-20T11:00:00.000Z`. `time` is in nanoseconds since 1970.
    package static func append(_ time: UInt64, to buffer: inout ByteBuffer) {
        let seconds = Int(time / 1_000_000_000)
        let (year, month, day) = date(ofDay: seconds / 86_400)
        let second = seconds % 86_400
        let milliseconds = Int(time / 1_000_000 % 1000)
        // Three words of eight characters: "2026-11-", "20T11:00", ":00.000Z".
        buffer.append(
            low: 8,
            of: pair(year / 100) | pair(year % 100) << 16 | dash << 32 | pair(month) << 40
                | dash << 56)
        buffer.append(
            low: 8,
            of: pair(day) | letterT << 16 | pair(second / 3600) << 24 | colon << 40
                | pair(second / 60 % 60) << 48)
        buffer.append(
            low: 8,
            of: colon | pair(second % 60) << 8 | dot << 24
                | UInt64(0x30 + milliseconds / 100) << 32 | pair(milliseconds % 100) << 40
                | letterZ << 56)
    }

    private static let dash = UInt64(UInt8(ascii: "-")), colon = UInt64(UInt8(ascii: ":"))
    private static let dot = UInt64(UInt8(ascii: "."))
    private static let letterT = UInt64(UInt8(ascii: "T")), letterZ = UInt64(UInt8(ascii: "Z"))

    /// The proleptic Gregorian date of a day counted from 1970-01-01.
    package static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        // Years counted from March, in eras of 400 of them: leap days then come last.
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfMonth)
    }

    /// The day, counted from 1970-01-01, of a proleptic Gregorian date.
    package static func day(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Two digits, the first in the lowest byte.
    private static func pair(_ value: Int) -> UInt64 {
        UInt64(value / 10 | (value % 10) << 8) | 0x3030
    }
}
