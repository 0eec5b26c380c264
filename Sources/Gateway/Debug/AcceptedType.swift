import Bytes
import HTTP1

/// Whether a page or a JSON document is wanted (RFC 9110 section 12.5.1).
enum AcceptedType {
    /// `Accept` gives `text/html` more weight than `application/json`; on a tie it is JSON.
    static func prefersHTML(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        var html = Weight()
        var json = Weight()
        for field in head.fields where field.known == .accept {
            let value = bytes.extracting(field.value)
            var start = 0
            while start < value.count {
                let end = value.firstIndex(of: UInt8(ascii: ","), from: start) ?? value.count
                let range = value.extracting(start..<end)
                html.read(range, "text/html", "text/*")
                json.read(range, "application/json", "application/*")
                start = end + 1
            }
        }
        return html.value > json.value
    }

    /// The weight of one type, in thousandths: that of the most specific range that matches.
    private struct Weight {
        var value = 0
        private var specificity = 0

        mutating func read(_ range: Span<UInt8>, _ type: StaticString, _ group: StaticString) {
            let semicolon = range.firstIndex(of: UInt8(ascii: ";")) ?? range.count
            let name = range.extracting(0..<semicolon).trimmed
            let found =
                if name.equalsIgnoringCase(type) {
                    3
                } else if name.equalsIgnoringCase(group) {
                    2
                } else if name.equals("*/*") {
                    1
                } else {
                    0
                }
            guard found > specificity else { return }
            specificity = found
            value = Self.quality(range.extracting(semicolon...))
        }

        /// The `q` among the parameters; 1000 without one, 0 where it is malformed.
        private static func quality(_ parameters: Span<UInt8>) -> Int {
            var start = 0
            while start < parameters.count {
                let end = parameters.firstIndex(of: UInt8(ascii: ";"), from: start + 1)
                let parameter = parameters.extracting((start + 1)..<(end ?? parameters.count))
                let text = parameter.trimmed
                if text.count > 2, text.extracting(0..<2).equalsIgnoringCase("q=") {
                    return thousandths(text.extracting(2...))
                }
                start = end ?? parameters.count
            }
            return 1000
        }

        private static func thousandths(_ text: Span<UInt8>) -> Int {
            guard text.count <= 5, text[0] == UInt8(ascii: "0") || text[0] == UInt8(ascii: "1")
            else { return 0 }
            var value = Int(text[0] - 0x30) * 1000
            guard text.count > 1 else { return value }
            guard text[1] == UInt8(ascii: ".") else { return 0 }
            var scale = 100
            for index in 2..<text.count {
                guard text[index] &- 0x30 < 10 else { return 0 }
                value += Int(text[index] - 0x30) * scale
                scale /= 10
            }
            return min(value, 1000)
        }
    }
}
