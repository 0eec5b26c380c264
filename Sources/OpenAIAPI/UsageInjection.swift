import Bytes
import JSON

/// The one edit that makes a streaming call ask for usage, every other byte as it was.
package struct UsageInjection: Sendable, Equatable {
    /// What is done at `range`.
    package enum Edit: Sendable, Equatable {
        /// A new first member of the body; `range` is empty.
        case insertOptions
        /// A new first member of `stream_options`; `range` is empty.
        case insertMember(isOnly: Bool)
        /// `include_usage` was something else than true; `range` is its value.
        case replaceMember
        /// `stream_options` was null; `range` is its value.
        case replaceOptions
    }

    package let range: Range<Int>
    package let edit: Edit

    /// nil where usage is asked for already, or `stream_options` is what the upstream will refuse.
    init?(_ document: borrowing JSONDocument, options: JSONValue?) {
        guard let options else {
            let offset = document.insertionOffset(of: document.root)
            self.range = offset..<offset
            self.edit = .insertOptions
            return
        }
        switch document.kind(of: options) {
        case .null:
            self.range = document.range(of: options)
            self.edit = .replaceOptions
        case .object:
            // Of a name given twice, the upstream's parser will keep the last.
            var last: JSONValue?
            var members = document.members(of: options)
            while let member = members.next() {
                if document.string(member.key, equals: "include_usage") { last = member.value }
            }
            if let last {
                if document.bool(last) == true { return nil }
                self.range = document.range(of: last)
                self.edit = .replaceMember
            } else {
                let offset = document.insertionOffset(of: options)
                self.range = offset..<offset
                self.edit = .insertMember(isOnly: document.isEmpty(options))
            }
        default:
            return nil
        }
    }

    /// What stands at `range` afterwards.
    package var replacement: StaticString {
        switch edit {
        case .insertOptions: "\"stream_options\":{\"include_usage\":true},"
        case .insertMember(isOnly: true): "\"include_usage\":true"
        case .insertMember(isOnly: false): "\"include_usage\":true,"
        case .replaceMember: "true"
        case .replaceOptions: "{\"include_usage\":true}"
        }
    }
}

extension CallRequest {
    /// Appends the body as it goes upstream: with another model's name where `model` is given, and
    /// asking for usage where `asksForUsage` and that is not asked already.
    package func appendBody(
        _ body: Span<UInt8>, model alias: Span<UInt8>?, asksForUsage: Bool,
        to buffer: inout ByteBuffer
    ) {
        var splice = JSONSplice()
        let injection = asksForUsage ? usageInjection : nil
        let isInjectedFirst = injection.map { $0.range.lowerBound <= model.range.lowerBound }
        if let injection, isInjectedFirst == true {
            splice.replace(
                injection.range, of: body, with: injection.replacement.bytes, into: &buffer)
        }
        if let alias {
            splice.remove(model.range, of: body, into: &buffer)
            buffer.append(jsonString: alias)
        }
        if let injection, isInjectedFirst == false {
            splice.replace(
                injection.range, of: body, with: injection.replacement.bytes, into: &buffer)
        }
        splice.finish(body, into: &buffer)
    }
}
