import Bytes
import Crypto
import JSON
import OpenAIAPI

// What a call asks in words, set apart from everything else of it.
extension CacheKeyMaker {
    /// Bytes of a question at most. Two long texts are near each other though a word in them that
    /// decides about the answer differs.
    package static let questionBytesMax = 8192

    /// The last message of a chat where it is the user's and holds text alone: appends that text
    /// to `text`, and answers the partition of questions it may be compared with. nil: the call is
    /// compared with no other.
    ///
    /// The partition is everything the call's key is made of (caller, model, instructions, earlier
    /// turns, tools, temperature and so on), with the last question left out, but not the digits
    /// in it: questions with different numbers are different however near they are. The arguments
    /// are those of `key`.
    package mutating func question(
        of document: borrowing JSONDocument, request: CallRequest, scope: borrowing CacheScope,
        text: inout ByteBuffer
    ) -> SemanticPartition? {
        let start = text.count
        guard request.endpoint == .chatCompletions,
            let content = Self.question(of: document, text: &text),
            text.count - start <= Self.questionBytesMax, !text.bytes.extracting(start...).isBlank
        else {
            text.truncate(to: start)
            return nil
        }
        var numbers = ByteBuffer()
        numbers.append(numbersOf: text.bytes.extracting(start...))
        guard
            let made = makeDigest(
                "martlet semantic partition 1:", of: document, request: request, scope: scope,
                leavingOut: (content, numbers.bytes))
        else { return nil }
        return SemanticPartition(digest: made.digest)
    }

    /// The content of the last message, whose text is appended; nil where that is no plain
    /// question.
    private static func question(
        of document: borrowing JSONDocument, text: inout ByteBuffer
    ) -> JSONValue? {
        guard let messages = document.value("messages", of: document.root) else { return nil }
        var last: JSONValue?
        var elements = document.elements(of: messages)
        while let element = elements.next() { last = element }
        guard let last, let role = document.only("role", of: last),
            document.string(role, equals: "user"),
            let content = document.only("content", of: last)
        else { return nil }
        switch document.kind(of: content) {
        case .string:
            document.appendString(content, to: &text)
        case .array:
            var parts = document.elements(of: content)
            var isFirst = true
            while let part = parts.next() {
                if !isFirst { text.append(UInt8(ascii: "\n")) }
                isFirst = false
                guard appendText(of: part, in: document, to: &text) else { return nil }
            }
        default: return nil
        }
        return content
    }

    /// A part that is nothing but text.
    private static func appendText(
        of part: JSONValue, in document: borrowing JSONDocument, to text: inout ByteBuffer
    ) -> Bool {
        var members = document.members(of: part)
        var count = 0
        while members.next() != nil { count += 1 }
        guard count == 2, let type = document.only("type", of: part),
            document.string(type, equals: "text"), let value = document.only("text", of: part)
        else { return false }
        return document.appendString(value, to: &text)
    }
}

extension JSONDocument {
    /// The value of the one member of `object` with that name; nil where there is none, or two of
    /// which readers may take either.
    fileprivate func only(_ name: StaticString, of object: JSONValue) -> JSONValue? {
        var found: JSONValue?
        var members = members(of: object)
        while let member = members.next() {
            guard string(member.key, equals: name) else { continue }
            if found != nil { return nil }
            found = member.value
        }
        return found
    }
}

extension Span<UInt8> {
    fileprivate var isBlank: Bool {
        for index in indices where self[index] > 0x20 { return false }
        return true
    }
}

extension ByteBuffer {
    /// Appends the runs of digits in `text`, with a comma behind each.
    fileprivate mutating func append(numbersOf text: Span<UInt8>) {
        var isInNumber = false
        for index in text.indices {
            let byte = text[index]
            let isDigit = byte &- 0x30 < 10
            if isDigit {
                append(byte)
            } else if isInNumber {
                append(UInt8(ascii: ","))
            }
            isInNumber = isDigit
        }
        if isInNumber { append(UInt8(ascii: ",")) }
    }
}
