import Bytes
import Telemetry

/// The value of `Retry-After` (RFC 9110 section 10.2.3).
package enum RetryAfter {
    /// Seconds at most: a receiver cannot stop the export for longer.
    package static let secondsMax: UInt64 = 300

    /// Nanoseconds to wait; nil where the value is neither a number of seconds nor a date in the
    /// preferred form (`Sun, 06 Nov 1994 08:49:37 GMT`). `now` is in nanoseconds since 1970.
    package static func nanoseconds(_ value: Span<UInt8>, now: UInt64) -> UInt64? {
        let value = value.trimmed
        if let seconds = value.decimal { return min(UInt64(seconds), secondsMax) * 1_000_000_000 }
        guard let date = seconds(ofDate: value) else { return nil }
        let present = Int(now / 1_000_000_000)
        return min(UInt64(max(0, date - present)), secondsMax) * 1_000_000_000
    }

    /// Seconds since 1970 of an IMF-fixdate (RFC 9110 section 5.6.7).
    private static func seconds(ofDate text: Span<UInt8>) -> Int? {
        guard text.count == 29, text[3] == UInt8(ascii: ","), text[19] == UInt8(ascii: ":"),
            text[22] == UInt8(ascii: ":"), text.extracting(25..<29).equals(" GMT"),
            let day = text.extracting(5..<7).decimal, (1...31).contains(day),
            let month = month(text.extracting(8..<11)),
            let year = text.extracting(12..<16).decimal, year >= 1970,
            let hour = text.extracting(17..<19).decimal, hour < 24,
            let minute = text.extracting(20..<22).decimal, minute < 60,
            let second = text.extracting(23..<25).decimal, second <= 60
        else { return nil }
        let days = Timestamp.day(year: year, month: month, day: day)
        return ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    private static func month(_ name: Span<UInt8>) -> Int? {
        let names: [StaticString] = [
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ]
        return names.firstIndex { name.equalsIgnoringCase($0) }.map { $0 + 1 }
    }
}
