import Bytes
import JSON

// Everything as it is, but for what the redactor finds in each string.
extension ContentFilter.Walk {
    /// Appends a value. `isCut`: a part around it was cut, so that its texts may end in the
    /// middle of anything.
    mutating func appendRedacted(
        _ value: JSONValue, of document: borrowing JSONDocument, _ place: ContentFilter.Place,
        isCut: Bool = false, to buffer: inout ByteBuffer
    ) {
        switch document.kind(of: value) {
        case .array:
            buffer.append(UInt8(ascii: "["))
            var elements = document.elements(of: value)
            var isFirst = true
            while let element = elements.next() {
                if !isFirst { buffer.append(UInt8(ascii: ",")) }
                isFirst = false
                appendRedacted(element, of: document, place, isCut: isCut, to: &buffer)
            }
            buffer.append(UInt8(ascii: "]"))
        case .object:
            appendRedactedObject(value, of: document, place, isCut: isCut, to: &buffer)
        case .string:
            appendString(value, of: document, words: nil, isCut: isCut, to: &buffer)
        case .number:
            appendNumber(document.source(of: value), to: &buffer)
        case .true, .false, .null:
            buffer.append(document.source(of: value))
        }
    }

    private mutating func appendRedactedObject(
        _ value: JSONValue, of document: borrowing JSONDocument, _ place: ContentFilter.Place,
        isCut: Bool, to buffer: inout ByteBuffer
    ) {
        let isCut =
            isCut
            || place == .structure
                && document.value("truncated", of: value).map { document.bool($0) == true } ?? false
        let isMessage = place == .structure && document.value("parts", of: value) != nil
        buffer.append(UInt8(ascii: "{"))
        var members = document.members(of: value)
        var isFirst = true
        while let member = members.next() {
            if !isFirst { buffer.append(UInt8(ascii: ",")) }
            isFirst = false
            guard place == .structure else {
                appendString(member.key, of: document, words: nil, isCut: false, to: &buffer)
                buffer.append(UInt8(ascii: ":"))
                appendRedacted(member.value, of: document, .content, isCut: isCut, to: &buffer)
                continue
            }
            let key = document.rawString(member.key)
            buffer.append(document.source(of: member.key))
            buffer.append(UInt8(ascii: ":"))
            if document.kind(of: member.value) == .string {
                // Ids and digests look random and are not secret.
                let isRandom = key.equals("id") || key.ends(with: "_id") || key.equals("sha256")
                let isKept = Structure.isKept(
                    key, document.rawString(member.value), isMessage: isMessage)
                appendString(
                    member.value, of: document, words: isRandom ? .known : nil,
                    isCut: isCut && !isRandom && !isKept, to: &buffer)
            } else {
                let isStructure = key.equals("parts") || Structure.isServerTool(key)
                appendRedacted(
                    member.value, of: document, isStructure ? .structure : .content,
                    isCut: isCut, to: &buffer)
            }
        }
        buffer.append(UInt8(ascii: "}"))
    }

    private mutating func appendString(
        _ value: JSONValue, of document: borrowing JSONDocument, words: Redaction.Words?,
        isCut: Bool, to buffer: inout ByteBuffer
    ) {
        let raw = document.rawString(value)
        let hasEscapes = document.hasEscapes(value)
        clean.removeAll()
        if !hasEscapes, !isCut {
            if redactor.appendIfChanged(raw, words: words, to: &clean) {
                buffer.append(jsonString: clean.bytes)
            } else {
                buffer.append(document.source(of: value))
            }
            return
        }
        text.removeAll()
        if hasEscapes {
            document.appendString(value, to: &text)
            if Self.decodeInnerEscapes(text, into: &clean) { swap(&text, &clean) }
            clean.removeAll()
        } else {
            text.append(raw)
        }
        if isCut { text.truncate(to: Self.settledCount(text.bytes)) }
        if Self.redact(text, redactor, words, into: &clean) {
            buffer.append(jsonString: clean.bytes)
        } else {
            buffer.append(jsonString: text.bytes)
        }
    }

    private static func redact(
        _ text: borrowing ByteBuffer, _ redactor: Redactor, _ words: Redaction.Words?,
        into buffer: inout ByteBuffer
    ) -> Bool {
        redactor.appendIfChanged(text.bytes, words: words, to: &buffer)
    }

    /// A number can be that of a card: a word for it is a string then.
    private mutating func appendNumber(_ source: Span<UInt8>, to buffer: inout ByteBuffer) {
        clean.removeAll()
        if source.count >= 13, redactor.appendIfChanged(source, words: .known, to: &clean) {
            buffer.append(jsonString: clean.bytes)
        } else {
            buffer.append(source)
        }
    }

    // MARK: Texts

    /// Writes `\u0040` and the like in the text of JSON inside a string as the characters they
    /// stand for: printable ASCII only, without what has a meaning in JSON.
    /// False, and nothing appended, where there are none.
    private static func decodeInnerEscapes(
        _ text: borrowing ByteBuffer, into decoded: inout ByteBuffer
    ) -> Bool {
        var copied = 0
        var position = 0
        let bytes = text.bytes
        while let backslash = bytes.firstIndex(of: UInt8(ascii: "\\"), from: position) {
            position = backslash + 2
            guard backslash + 6 <= bytes.count,
                bytes.extracting(backslash...).starts(with: "\\u00"),
                let high = ASCII.hexValue(bytes[backslash + 4]),
                let low = ASCII.hexValue(bytes[backslash + 5])
            else { continue }
            let byte = high << 4 | low
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\""),
                byte != UInt8(ascii: "\\")
            else { continue }
            decoded.append(bytes.extracting(copied..<backslash))
            decoded.append(byte)
            copied = backslash + 6
            position = copied
        }
        guard copied > 0 else { return false }
        decoded.append(bytes.extracting(copied...))
        return true
    }

    /// Bytes at the end of a text that was cut that are left out with it at most.
    private static let unsettledBytesMax = 512

    /// How much of a text that was cut ends with a whole word: half a key or half an address
    /// would not be recognised.
    private static func settledCount(_ text: Span<UInt8>) -> Int {
        let bound = max(0, text.count - unsettledBytesMax)
        var count = text.count
        while count > bound, text[count - 1] > 0x20 { count -= 1 }
        // Groups of a number belong together.
        while count > bound, !Redaction.isLetter(text[count - 1]), text[count - 1] < 0x80 {
            count -= 1
        }
        while count > bound, count < text.count, text[count] & 0xC0 == 0x80 { count -= 1 }
        return count
    }
}
