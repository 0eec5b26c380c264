/// Why a request was refused. After one of these the connection's bytes cannot be trusted: answer
/// with `status` where `isAnswered`, then close.
package struct HTTP1ParseError: Error, Equatable {
    /// What was wrong.
    package enum Cause: UInt8, Sendable, CaseIterable {
        case tlsHandshake
        case bareLineFeed, bareCarriageReturn
        case invalidRequestLine, invalidMethod, invalidTarget, invalidVersion
        case unsupportedVersion
        case requestLineTooLong
        case headersTooLarge, tooManyFields
        case foldedField, invalidFieldName, invalidFieldValue, missingColon
        case missingHost, repeatedHost, invalidHost
        case invalidContentLength, repeatedContentLength
        case contentLengthWithTransferEncoding, transferEncodingInHTTP10
        case invalidTransferEncoding, unknownTransferCoding
        case invalidConnection
        case unknownExpectation
        case invalidChunkSize, chunkExtensionTooLong, invalidChunkExtension, invalidChunkEnd
        case invalidTrailer, trailersTooLarge
        case bodyTooLarge
    }

    /// What was wrong.
    package let cause: Cause
    /// Where: in bytes from the start of the head, or of the body as sent for what is wrong in it.
    package let offset: Int

    /// A refusal for that reason, at that offset.
    package init(_ cause: Cause, at offset: Int) {
        self.cause = cause
        self.offset = offset
    }

    /// The status to answer with.
    package var status: Int {
        switch cause {
        case .bodyTooLarge: 413
        case .requestLineTooLong: 414
        case .unknownExpectation: 417
        case .headersTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .unknownTransferCoding: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }

    /// The code of the error object sent to the client, also the span's `error.type`.
    package var code: StaticString {
        switch status {
        case 413: "payload_too_large"
        case 414: "uri_too_long"
        case 417: "expectation_failed"
        case 431: "headers_too_large"
        case 501: "not_implemented"
        case 505: "http_version_not_supported"
        default: "invalid_request"
        }
    }

    /// Whether the peer would understand an answer; one that speaks TLS would not.
    package var isAnswered: Bool { cause != .tlsHandshake }

    /// A sentence for the client.
    package var reason: StaticString {
        switch cause {
        case .tlsHandshake: "This port speaks plain HTTP, not TLS."
        case .bareLineFeed: "A line ends in a line feed without a carriage return before it."
        case .bareCarriageReturn: "A carriage return is not followed by a line feed."
        case .invalidRequestLine:
            "The request line is not a method, a target and a version with one space between them."
        case .invalidMethod: "The request method is not a token."
        case .invalidTarget: "The request target is malformed."
        case .invalidVersion: "The request line does not end in an HTTP version."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .requestLineTooLong: "The request line is too long."
        case .headersTooLarge: "The header section is too large."
        case .tooManyFields: "The request has too many header fields."
        case .foldedField: "A header line begins with white space; folded lines are refused."
        case .invalidFieldName: "A header field's name is not a token followed by a colon."
        case .invalidFieldValue: "A header field's value has a control character in it."
        case .missingColon: "A header line has no colon."
        case .missingHost: "The request has no Host field."
        case .repeatedHost: "The request has more than one Host field."
        case .invalidHost: "The Host field or the target's authority is malformed."
        case .invalidContentLength: "Content-Length is not a decimal number in range."
        case .repeatedContentLength: "The request has more than one Content-Length."
        case .contentLengthWithTransferEncoding:
            "The request has both Content-Length and Transfer-Encoding."
        case .transferEncodingInHTTP10: "An HTTP/1.0 request cannot have Transfer-Encoding."
        case .invalidTransferEncoding: "Transfer-Encoding is malformed."
        case .unknownTransferCoding: "The only transfer coding understood is chunked."
        case .invalidConnection: "The Connection field is malformed."
        case .unknownExpectation: "The only expectation understood is 100-continue."
        case .invalidChunkSize: "A chunk's size is not a hexadecimal number in range."
        case .chunkExtensionTooLong: "The extensions of a chunk are too long."
        case .invalidChunkExtension: "A chunk's extension is malformed."
        case .invalidChunkEnd: "A chunk's data does not end where its size says."
        case .invalidTrailer: "The trailer section is malformed."
        case .trailersTooLarge: "The trailer section is too large."
        case .bodyTooLarge: "The request body is too large."
        }
    }
}
