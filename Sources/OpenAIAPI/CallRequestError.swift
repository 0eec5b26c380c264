import Bytes
import JSON

/// Why the body of a call is answered with 400.
package enum CallRequestError: Error, Equatable, Sendable {
    /// Not JSON, nested too deeply, a key twice, or nothing at all.
    case invalidJSON(JSONError)
    /// JSON, but `[]`, `null` or another value than an object.
    case notAnObject
    case modelMissing
    case modelNotAString
    case modelEmpty
    /// Over `CallRequest.modelBytesMax`.
    case modelTooLong
    /// A control character in the model's name, which must never reach a header or a log line.
    case modelHasControlCharacter

    /// The error object's `code`, which is also the span's `error.type`.
    package var code: StaticString {
        switch self {
        case .invalidJSON: "invalid_json"
        default: "invalid_request"
        }
    }

    /// The error object's `param`: the top-level key that is wrong.
    package var param: StaticString? {
        switch self {
        case .invalidJSON, .notAnObject: nil
        default: "model"
        }
    }

    /// Appends one sentence for the error object. Never holds a byte of the body.
    package func appendMessage(to buffer: inout ByteBuffer) {
        switch self {
        case .invalidJSON(let error):
            buffer.append("The request body is not valid JSON: ")
            buffer.append(error.reason)
            buffer.append(" (at byte ")
            buffer.append(decimal: error.offset)
            buffer.append(").")
        case .notAnObject: buffer.append("The request body must be a JSON object.")
        case .modelMissing: buffer.append("The request body must name a 'model'.")
        case .modelNotAString: buffer.append("'model' must be a string.")
        case .modelEmpty: buffer.append("'model' must not be empty.")
        case .modelTooLong: buffer.append("'model' must be at most 256 bytes long.")
        case .modelHasControlCharacter:
            buffer.append("'model' must not hold control characters.")
        }
    }
}
