import Bytes

// Texts that stand by themselves, outside of the JSON of messages.
extension ContentFilter {
    /// Appends a text in `form`; false, with nothing appended, for `off`.
    package func append(
        text: Span<UInt8>, as form: ContentForm, to buffer: inout ByteBuffer
    ) -> Bool {
        switch form {
        case .off: return false
        case .hashed: walk.hash.append(text, for: .content, to: &buffer)
        case .redacted:
            if !walk.redactor.appendIfChanged(text, to: &buffer) { buffer.append(text) }
        case .full: buffer.append(text)
        }
        return true
    }

    /// Appends a provider's sentence about an error without keys and personal data; false, with
    /// nothing appended, where a call's texts do not leave: it may quote the prompt.
    package func append(
        errorMessage text: Span<UInt8>, as form: ContentForm, to buffer: inout ByteBuffer
    ) -> Bool {
        switch form {
        case .off, .hashed: return false
        case .redacted:
            if !walk.redactor.appendIfChanged(text, words: .long, to: &buffer) {
                buffer.append(text)
            }
        case .full: Redaction.append(text, .errors, to: &buffer)
        }
        return true
    }
}
