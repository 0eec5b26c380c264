/// Why an answer was refused. After one of these the connection's bytes cannot be trusted.
package struct HTTP1ResponseError: Error, Equatable {
    /// What was wrong.
    package enum Cause: UInt8, Sendable, CaseIterable {
        case headTooLarge
        case invalidStatusLine
        case bareLineFeed
        case foldedField, invalidFieldName, invalidFieldValue
        case invalidLength, ambiguousLength
        case switchesProtocols, tooManyInterimHeads
        case invalidBody
    }

    /// What was wrong.
    package let cause: Cause

    init(_ cause: Cause) {
        self.cause = cause
    }

    /// A constant sentence.
    package var reason: StaticString {
        switch cause {
        case .headTooLarge: "the answer's head is too large"
        case .invalidStatusLine: "the answer has no proper status line"
        case .bareLineFeed: "a line of the answer's head does not end in CR and LF"
        case .foldedField: "the answer folds a header line"
        case .invalidFieldName: "the answer has a header line without a proper name"
        case .invalidFieldValue: "the answer has a control character in a header"
        case .invalidLength: "the answer's length is no number or its coding is not known"
        case .ambiguousLength: "the answer's length is ambiguous"
        case .switchesProtocols: "the answer switches protocols"
        case .tooManyInterimHeads: "the answer has too many interim answers before it"
        case .invalidBody: "the answer's chunks are malformed"
        }
    }
}
