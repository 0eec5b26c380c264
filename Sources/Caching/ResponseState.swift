import Bytes
import JSON

extension MemberSorter {
    /// Whether the members are of a call of the Responses API that neither leaves nor takes state
    /// at the provider's, so that an equal call may have its answer.
    ///
    /// `store` must be false (absent, the provider stores the answer); `conversation` and
    /// `previous_response_id` absent or null; `background` absent, null or false; a `prompt`,
    /// which is a text kept at the provider's, must name its version; and every tool must run at
    /// the caller's (`function`, `custom`), since others look at what changes.
    func isStateless(_ document: borrowing JSONDocument) -> Bool {
        var isUnstored = false
        for position in 0..<count {
            let value = value(at: position)
            if name(at: position, equals: "store") {
                isUnstored = document.bool(value) == false
            } else if name(at: position, equals: "conversation")
                || name(at: position, equals: "previous_response_id")
            {
                guard document.kind(of: value) == .null else { return false }
            } else if name(at: position, equals: "background") {
                guard document.kind(of: value) == .null || document.bool(value) == false else {
                    return false
                }
            } else if name(at: position, equals: "prompt") {
                guard document.kind(of: value) == .null || namesVersion(value, document) else {
                    return false
                }
            } else if name(at: position, equals: "tools") {
                guard runAtCaller(value, document) else { return false }
            }
        }
        return isUnstored
    }

    private func namesVersion(_ prompt: JSONValue, _ document: borrowing JSONDocument) -> Bool {
        guard let version = document.value("version", of: prompt) else { return false }
        return document.kind(of: version) == .string
    }

    private func runAtCaller(_ tools: JSONValue, _ document: borrowing JSONDocument) -> Bool {
        guard document.kind(of: tools) == .array else { return document.kind(of: tools) == .null }
        var elements = document.elements(of: tools)
        while let tool = elements.next() {
            // Of a name given twice, the provider may take either.
            var isCallers = false
            var members = document.members(of: tool)
            while let member = members.next() {
                guard document.string(member.key, equals: "type") else { continue }
                isCallers =
                    document.string(member.value, equals: "function")
                    || document.string(member.value, equals: "custom")
                if !isCallers { return false }
            }
            if !isCallers { return false }
        }
        return true
    }
}
