import Bytes

/// Writing a response's head and a chunked body. Nothing here checks names and values: what comes
/// from elsewhere goes through `HTTPSyntax` first.
extension ByteBuffer {
    /// Appends the status line of HTTP/1.1, with the registered reason phrase or none.
    package mutating func appendStatusLine(_ status: Int) {
        switch status {
        case 200: append("HTTP/1.1 200 OK\r\n")
        default:
            append("HTTP/1.1 ")
            append(decimal: status)
            append(ASCII.space)
            append(HTTPStatus.reasonPhrase(of: status))
            append("\r\n")
        }
    }

    /// Appends a field line.
    package mutating func appendField(_ name: StaticString, _ value: StaticString) {
        appendField(name.bytes, value.bytes)
    }

    /// Appends a field line.
    package mutating func appendField(_ name: StaticString, _ value: Span<UInt8>) {
        appendField(name.bytes, value)
    }

    /// Appends a field line whose name came from elsewhere.
    package mutating func appendField(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        append(name)
        // ": " and CR LF.
        append(low: 2, of: 0x203A, then: value)
        append(low: 2, of: 0x0A0D)
    }

    /// Appends a field line with a decimal number.
    package mutating func appendField(_ name: StaticString, decimal value: Int) {
        append(name.bytes)
        append(": ")
        append(decimal: value)
        append("\r\n")
    }

    /// Appends the empty line that ends a head.
    package mutating func appendHeadEnd() {
        append("\r\n")
    }

    /// Appends what stands before the data of a chunk of `size` bytes, which is above zero: an
    /// empty chunk would end the body (RFC 9112 section 7.1).
    package mutating func appendChunkHeader(size: Int) {
        precondition(size > 0)
        append(hexadecimal: UInt(size))
        append("\r\n")
    }

    /// Appends what stands after a chunk's data.
    package mutating func appendChunkEnd() {
        append("\r\n")
    }

    /// Appends the end of a chunked body, without trailers.
    package mutating func appendLastChunk() {
        append("0\r\n\r\n")
    }
}
