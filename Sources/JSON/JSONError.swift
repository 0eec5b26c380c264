/// Why a document was refused, and where.
package struct JSONError: Error, Equatable, Sendable {
    /// The kinds of refusal; the raw values are those of the C face.
    package enum Code: Int32, Sendable {
        case empty = 1
        case tooLarge = 2
        case invalidUTF8 = 3
        case byteOrderMark = 4
        case unclosedString = 5
        case controlCharacter = 6
        case invalidEscape = 7
        case invalidNumber = 8
        case invalidLiteral = 9
        case unexpectedToken = 10
        case unexpectedEnd = 11
        case trailingBytes = 12
        case tooDeep = 13
        case duplicateKey = 14
        case outOfMemory = 15
    }

    /// What kind of refusal this is.
    package let code: Code
    /// The first byte that is wrong, counted from the document's start.
    package let offset: Int

    package init(code: Code, offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// One constant clause in plain English, fit for an answer to the client.
    package var reason: StaticString {
        switch code {
        case .empty: "the document is empty"
        case .tooLarge: "the document is larger than 4 GiB"
        case .invalidUTF8: "the document is not UTF-8"
        case .byteOrderMark: "the document begins with a byte order mark"
        case .unclosedString: "a string has no closing quote"
        case .controlCharacter: "a string holds an unescaped control character"
        case .invalidEscape: "a string holds an invalid escape"
        case .invalidNumber: "a number is malformed"
        case .invalidLiteral: "a value is neither true, false, null, a number nor a string"
        case .unexpectedToken: "a value, comma, colon or bracket is out of place"
        case .unexpectedEnd: "the document ends inside an object or array"
        case .trailingBytes: "something follows the document's value"
        case .tooDeep: "the document is nested too deeply"
        case .duplicateKey: "a key occurs twice at the top level"
        case .outOfMemory: "memory for the document's index is exhausted"
        }
    }
}
