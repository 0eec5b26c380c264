import Bytes
import Foundation
import HTTP1
import Testing

private func written(_ write: (inout ByteBuffer) -> Void) -> String {
    var buffer = ByteBuffer()
    write(&buffer)
    return String(decoding: buffer.bytes)
}

private func isToken(_ text: String) -> Bool { HTTPSyntax.isToken(text.utf8.span) }
private func isFieldValue(_ text: String) -> Bool { HTTPSyntax.isFieldValue(text.utf8.span) }
private func field(_ name: String) -> FieldName { FieldName.recognise(name.utf8.span) }
private func method(_ name: String) -> HTTPMethod { HTTPMethod.recognise(name.utf8.span) }
private func control(_ bytes: [UInt8], from start: Int = 0) -> Int? {
    bytes.span.firstControl(in: start..<bytes.count)
}

@Suite struct WriterTests {
    @Test(arguments: [
        (200, "HTTP/1.1 200 OK\r\n"), (404, "HTTP/1.1 404 Not Found\r\n"),
        (431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"), (599, "HTTP/1.1 599 \r\n"),
    ])
    func `a status line has its reason phrase`(_ status: Int, _ line: String) {
        #expect(written { $0.appendStatusLine(status) } == line)
    }

    @Test func `a chunked response is written`() {
        let text = written {
            $0.appendStatusLine(200)
            $0.appendField("content-type", "text/plain")
            $0.appendField("age", decimal: 7)
            $0.appendField("x-a", "b".utf8.span)
            $0.appendField("x-c".utf8.span, "d".utf8.span)
            $0.appendHeadEnd()
            $0.appendChunkHeader(size: 26)
            $0.append("abcdefghijklmnopqrstuvwxyz")
            $0.appendChunkEnd()
            $0.appendLastChunk()
        }
        #expect(
            text == "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nage: 7\r\nx-a: b\r\nx-c: d\r\n"
                + "\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n")
    }

    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func `a date is written as RFC 9110 wants it`(_ time: Int, _ text: String) {
        #expect(written { $0.appendHTTPDate(unixTime: time) } == text)
    }

    @Test func `every day of four centuries agrees with the calendar`() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for day in stride(from: -25_000, to: 121_000, by: 37) {
            let time = day * 86_400 + (day & 0xFFFF)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(time)))
            #expect(written { $0.appendHTTPDate(unixTime: time) } == expected)
        }
    }

    @Test func `statuses without a body are known`() {
        for status in [100, 101, 204, 304] { #expect(HTTPStatus.hasNoBody(status)) }
        for status in [200, 205, 404, 500] { #expect(!HTTPStatus.hasNoBody(status)) }
    }
}

@Suite struct SyntaxTests {
    @Test func `token bytes are those of the RFC`() {
        let allowed = Set(
            "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(HTTPSyntax.isTokenByte(byte) == allowed.contains(byte))
        }
        #expect(isToken("x-a"))
        #expect(!isToken(""))
        #expect(!isToken("a b"))
    }

    @Test(arguments: ["", "a", "a b\tc", "\u{e9}"])
    func `a good value may be sent`(_ value: String) {
        #expect(isFieldValue(value))
    }

    @Test(arguments: [
        "a\r\nb: c", "a\n", "\r", "a\0", " a", "a ", "\ta", "a\u{7F}", "a\u{1B}[0m",
    ])
    func `a value that could begin a line or hides its ends may not be sent`(_ value: String) {
        #expect(!isFieldValue(value))
    }

    @Test func `control characters are found at every place`() {
        for length in 0..<20 {
            let clean = [UInt8](repeating: 0x80, count: length) + [9, 0x20, 0x7E, 0xFF]
            #expect(control(clean) == nil)
            for byte: UInt8 in [0, 8, 10, 13, 0x1F, 0x7F] {
                for place in 0..<clean.count {
                    var bytes = clean
                    bytes[place] = byte
                    #expect(control(bytes) == place)
                    #expect(control(bytes, from: place + 1) == nil)
                }
            }
        }
    }

    @Test func `a list is taken apart at its commas`() {
        func elements(_ text: String) -> [String] {
            var list = FieldList(text.utf8.span)
            var result: [String] = []
            while let element = list.next() { result.append(String(decoding: element)) }
            return result
        }
        #expect(elements("a, b\t,,c") == ["a", "b", "", "c"])
        #expect(elements("") == [""])
        #expect(elements("a,") == ["a", ""])
    }
}

@Suite struct NameTests {
    @Test func `every field name is recognised in any case`() {
        for known in FieldName.allCases where known != .other {
            let name = "\(known.name)"
            #expect(field(name) == known)
            #expect(field(name.uppercased()) == known)
            #expect(field((name + "x")) == .other)
            #expect(field(String(name.dropLast() + "!")) == .other)
        }
        #expect(field("") == .other)
    }

    @Test func `every method is recognised in upper case only`() {
        for known in HTTPMethod.allCases where known != .other {
            let name = "\(known.name)"
            #expect(method(name) == known)
            #expect(method(name.lowercased()) == .other)
        }
        #expect("\(HTTPMethod.other.name)" == "_OTHER")
    }
}
