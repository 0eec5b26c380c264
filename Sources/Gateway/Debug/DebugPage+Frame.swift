import Bytes
import Crypto

// What stands around a page, and what a browser may do with it.
extension DebugPage {
    /// The one style sheet; the policy names its digest.
    private static let style: StaticString = """
        :root{color-scheme:light dark}
        body{font:14px/1.5 system-ui,sans-serif;margin:2em}
        h1{font-size:1.3em}
        table{border-collapse:collapse}
        th,td{text-align:left;vertical-align:top;padding:.1em .8em .1em 0;font-weight:normal}
        td{white-space:pre-wrap;overflow-wrap:anywhere}
        th,small{color:GrayText}
        tr>.n{text-align:right}
        .t{white-space:nowrap}
        .e{color:#c22}
        summary{cursor:pointer}
        svg{display:block;width:100%;height:6px;background:#8883}
        rect{fill:#38a}
        details{margin:.4em 0}
        .d1{margin-left:2em}.d2{margin-left:4em}.d3{margin-left:6em}.d4{margin-left:8em}
        .d5{margin-left:10em}.d6{margin-left:12em}.d7{margin-left:14em}.d8{margin-left:16em}
        """

    /// `Content-Security-Policy`: nothing is loaded, run, sent or framed; one style sheet counts.
    static let policy: String = {
        var digest = ByteBuffer(capacity: 44)
        HTMLText.appendBase64(SHA256.digest(of: style.bytes).bytes, to: &digest)
        return "default-src 'none'; style-src 'sha256-\(String(decoding: digest.bytes))'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }()

    static func begin(_ title: StaticString, _ page: inout ByteBuffer) {
        page.append("<!doctype html>\n<html lang=en><head><meta charset=utf-8><title>")
        page.append(title)
        page.append(" - Martlet</title>\n<style>")
        page.append(style)
        page.append("</style></head><body>\n")
    }

    static func end(_ page: inout ByteBuffer) {
        page.append("</body></html>\n")
    }
}

/// Text from anywhere as HTML shows it.
enum HTMLText {
    /// Appends `text` as the content of an element, cut after `charactersMax` Unicode scalars.
    /// Markup is written as entities; controls, and the marks that turn the direction of text, as
    /// `\u{1B}`; what is not UTF-8 becomes U+FFFD. Line ends and tabs stay.
    static func append(
        _ text: Span<UInt8>, charactersMax: Int, to page: inout ByteBuffer
    ) {
        let bytesMax = charactersMax < Int.max / 4 ? charactersMax * 4 : Int.max
        let start = text.extracting(0..<min(text.count, bytesMax))
        var left = charactersMax
        for scalar in String(decoding: start).unicodeScalars {
            guard left > 0 else { break }
            left -= 1
            append(scalar, to: &page)
        }
        if left == 0 || start.count < text.count { page.append(" ...") }
    }

    private static func append(_ scalar: Unicode.Scalar, to page: inout ByteBuffer) {
        switch scalar.value {
        case 0x26: page.append("&amp;")
        case 0x3C: page.append("&lt;")
        case 0x3E: page.append("&gt;")
        case 0x22: page.append("&quot;")
        case 0x27: page.append("&#39;")
        case 0x09, 0x0A: page.append(UInt8(truncatingIfNeeded: scalar.value))
        case 0..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
            page.append("\\u{")
            page.append(hexadecimal: UInt(scalar.value))
            page.append("}")
        default:
            for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                page.append(unit)
            }
        }
    }

    /// Appends base64 with padding (RFC 4648 section 4).
    static func appendBase64(_ bytes: Span<UInt8>, to buffer: inout ByteBuffer) {
        let digits: StaticString =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var offset = 0
        while offset < bytes.count {
            var group: UInt32 = 0
            let count = min(3, bytes.count - offset)
            for index in 0..<3 {
                group = group << 8 | (index < count ? UInt32(bytes[offset + index]) : 0)
            }
            for index in 0..<4 {
                let digit = Int(group >> UInt32(18 - 6 * index)) & 63
                buffer.append(index <= count ? digits.bytes[digit] : UInt8(ascii: "="))
            }
            offset += 3
        }
    }
}
