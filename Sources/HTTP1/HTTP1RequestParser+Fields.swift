import Bytes

extension HTTP1RequestParser {
    /// `field-name ":" OWS field-value OWS` (RFC 9112 section 5).
    mutating func parseField(
        _ bytes: Span<UInt8>, _ line: Range<Int>
    ) throws(HTTP1ParseError) {
        guard head.fields.count < limits.headerFieldsMax else {
            throw HTTP1ParseError(.tooManyFields, at: line.lowerBound)
        }
        let first = bytes[line.lowerBound]
        guard first != ASCII.space, first != ASCII.tab else {
            throw HTTP1ParseError(.foldedField, at: line.lowerBound)
        }
        let colon = bytes.endOfToken(from: line.lowerBound)
        guard colon < line.upperBound else { throw HTTP1ParseError(.missingColon, at: colon) }
        guard bytes[colon] == UInt8(ascii: ":"), colon > line.lowerBound else {
            throw HTTP1ParseError(.invalidFieldName, at: colon)
        }
        var start = colon + 1
        var end = line.upperBound
        while start < end, isBlank(bytes[start]) { start += 1 }
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        if let control = bytes.firstControl(in: start..<end) {
            throw HTTP1ParseError(
                bytes[control] == ASCII.carriageReturn ? .bareCarriageReturn : .invalidFieldValue,
                at: control)
        }
        let name = line.lowerBound..<colon
        let known = FieldName.recognise(bytes.extracting(name))
        let field = HTTPField(name: name, value: start..<end, known: known)
        head.fields.append(field)
        try interpret(field, bytes)
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab
    }

    /// Takes note of the fields that say how the message ends or what becomes of the connection.
    private mutating func interpret(
        _ field: HTTPField, _ bytes: Span<UInt8>
    ) throws(HTTP1ParseError) {
        let value = bytes.extracting(field.value)
        let offset = field.value.lowerBound
        switch field.known {
        case .host:
            guard progress.host == nil else {
                throw HTTP1ParseError(.repeatedHost, at: field.name.lowerBound)
            }
            guard HTTPSyntax.isAuthority(value) else {
                throw HTTP1ParseError(.invalidHost, at: offset)
            }
            progress.host = field.value
        case .contentLength:
            guard progress.contentLength == nil else {
                throw HTTP1ParseError(.repeatedContentLength, at: field.name.lowerBound)
            }
            guard let length = value.decimal else {
                throw HTTP1ParseError(.invalidContentLength, at: offset)
            }
            progress.contentLength = length
        case .transferEncoding:
            try readTransferEncoding(value, at: offset)
        case .connection:
            try readConnection(value, at: offset)
        case .upgrade:
            if !value.equalsIgnoringCase("h2c") { progress.hasUpgrade = true }
        case .expect:
            if value.equalsIgnoringCase("100-continue") {
                progress.expects100 = true
            } else if progress.unknownExpectationOffset == nil {
                progress.unknownExpectationOffset = offset
            }
        default: break
        }
    }

    private mutating func readTransferEncoding(
        _ value: Span<UInt8>, at offset: Int
    ) throws(HTTP1ParseError) {
        progress.transferEncodingOffset = offset
        var codings = FieldList(value)
        while let coding = codings.next() {
            guard HTTPSyntax.isToken(coding) else {
                throw HTTP1ParseError(.invalidTransferEncoding, at: offset)
            }
            if coding.equalsIgnoringCase("chunked") {
                progress.chunkedCodings += 1
            } else {
                progress.unknownCodingOffset = offset
            }
        }
    }

    private mutating func readConnection(
        _ value: Span<UInt8>, at offset: Int
    ) throws(HTTP1ParseError) {
        var options = FieldList(value)
        while let option = options.next() {
            if option.count == 0 { continue }
            guard HTTPSyntax.isToken(option) else {
                throw HTTP1ParseError(.invalidConnection, at: offset)
            }
            if option.equalsIgnoringCase("close") {
                progress.closes = true
            } else if option.equalsIgnoringCase("keep-alive") {
                progress.keepsAlive = true
            } else if option.equalsIgnoringCase("upgrade") {
                progress.namesUpgrade = true
            } else {
                head.connectionNamesFields = true
            }
        }
    }

    /// Judges the head as a whole. `offset` is that of the empty line.
    mutating func finishHead(at offset: Int) throws(HTTP1ParseError) {
        let isHTTP10 = head.minorVersion == 0
        guard isHTTP10 || progress.host != nil else {
            throw HTTP1ParseError(.missingHost, at: offset)
        }
        head.host = progress.targetAuthority ?? progress.host
        try decideFraming(isHTTP10: isHTTP10)
        if let unknown = progress.unknownExpectationOffset {
            throw HTTP1ParseError(.unknownExpectation, at: unknown)
        }
        // HTTP/1.0 has no 100 (RFC 9110 section 10.1.1), and without a body there is no wait.
        head.expectsContinue = progress.expects100 && !isHTTP10 && head.framing != .none
        head.keepsAlive = !progress.closes && (!isHTTP10 || progress.keepsAlive)
        head.wantsUpgrade = progress.namesUpgrade && progress.hasUpgrade && !isHTTP10
    }

    /// RFC 9112 section 6.3, and the refusals section 6.1 allows against request smuggling.
    private mutating func decideFraming(isHTTP10: Bool) throws(HTTP1ParseError) {
        guard let offset = progress.transferEncodingOffset else {
            let length = progress.contentLength ?? 0
            head.framing = length > 0 ? .length(length) : .none
            return
        }
        guard !isHTTP10 else { throw HTTP1ParseError(.transferEncodingInHTTP10, at: offset) }
        guard progress.contentLength == nil else {
            throw HTTP1ParseError(.contentLengthWithTransferEncoding, at: offset)
        }
        guard progress.chunkedCodings <= 1 else {
            throw HTTP1ParseError(.invalidTransferEncoding, at: offset)
        }
        if let unknown = progress.unknownCodingOffset {
            throw HTTP1ParseError(.unknownTransferCoding, at: unknown)
        }
        head.framing = .chunked
    }
}
