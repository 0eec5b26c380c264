import Bytes
import JSON

/// An error of the gateway's own, in the shape OpenAI's clients read.
package struct ErrorObject: Sendable {
    /// One sentence. Never holds a secret or a part of a body.
    package let message: String
    /// The key of the request that is wrong, if one is.
    package let param: String?
    /// One of the gateway's error codes; the span's `error.type` too.
    package let code: String

    package init(message: String, param: String? = nil, code: String) {
        self.message = message
        self.param = param
        self.code = code
    }

    /// The error of a body that was refused.
    package init(_ error: CallRequestError) {
        var text = ByteBuffer(capacity: 128)
        error.appendMessage(to: &text)
        self.message = String(decoding: text.bytes)
        self.param = error.param.map { String(decoding: $0.bytes) }
        self.code = String(decoding: error.code.bytes)
    }

    /// Appends the body of an error answer.
    package func append(
        requestID: Span<UInt8>, traceID: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        buffer.append("{\"error\":{\"message\":")
        buffer.append(jsonString: message)
        buffer.append(",\"type\":\"gateway_error\",\"param\":")
        if let param { buffer.append(jsonString: param) } else { buffer.append("null") }
        buffer.append(",\"code\":")
        buffer.append(jsonString: code)
        buffer.append(",\"request_id\":")
        buffer.append(jsonString: requestID)
        buffer.append(",\"trace_id\":")
        buffer.append(jsonString: traceID)
        buffer.append("}}")
    }

    /// Appends the last event of a stream that was cut at `position`: what was begun is closed
    /// first, so that the event stands alone.
    package func appendEvent(
        closing position: SSEParser.Position, requestID: Span<UInt8>, traceID: Span<UInt8>,
        to buffer: inout ByteBuffer
    ) {
        switch position {
        case .betweenEvents: break
        // After a CR the first of these ends the same line, so two are needed here as well.
        case .betweenLines, .insideLine: buffer.append("\n\n")
        }
        buffer.append("data: ")
        append(requestID: requestID, traceID: traceID, to: &buffer)
        buffer.append("\n\n")
    }
}
