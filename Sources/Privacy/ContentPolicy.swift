import Bytes

/// One line of `content.rules`: calls it is about, and what of their content may leave.
package struct ContentRule: Sendable, Equatable {
    /// The name of the caller's key; nil: anybody.
    package let tenant: String?
    /// The path of the endpoint, `/v1/embeddings`; a `*` stands for any text. nil: any.
    package let path: String?
    /// The model as asked for; a `*` stands for any text. nil: any.
    package let model: String?
    /// The most that leaves of the calls it is about.
    package let form: ContentForm

    /// A rule for the calls that meet every condition that is not nil.
    package init(
        tenant: String? = nil, path: String? = nil, model: String? = nil, form: ContentForm
    ) {
        self.tenant = tenant
        self.path = path
        self.model = model
        self.form = form
    }

    func covers(tenant name: String?, path text: Span<UInt8>, model id: Span<UInt8>) -> Bool {
        if let tenant, tenant != name { return false }
        if let path, !Wildcard.matches(path.utf8.span, text) { return false }
        if let model, !Wildcard.matches(model.utf8.span, id) { return false }
        return true
    }
}

/// Decides in which forms a call's content is recorded: the first rule that covers it, else the
/// standard, and never more than an exporter may have.
package struct ContentPolicy: Sendable {
    /// The forms the exporters may have; empty: none wants content.
    package let exporters: ContentForms
    private let standard: ContentForm
    private let rules: [ContentRule]
    private let strictest: ContentForm

    /// `standard` holds where no rule covers a call; `strictest` is the least that some exporter
    /// may have by its own bound.
    package init(
        exporters: ContentForms, standard: ContentForm, rules: [ContentRule],
        strictest: ContentForm = .full
    ) {
        self.strictest = strictest
        let canBeMore = standard != .off || rules.contains { $0.form != .off }
        self.exporters = canBeMore ? exporters : []
        self.standard = standard
        self.rules = rules
    }

    /// Content of some call can leave. Where not, nobody needs to be asked.
    package var captures: Bool { !exporters.isEmpty }

    /// The forms to record for a call; empty: nothing of its content is looked at.
    package func forms(
        tenant: String?, path: Span<UInt8>, model: Span<UInt8>
    ) -> ContentForms {
        guard captures else { return [] }
        return exporters.limited(to: form(tenant: tenant, path: path, model: model))
    }

    /// The form of texts that people write and that stand beside the messages, on a span of all
    /// exporters alike, whether or not one has content: stop sequences, a provider's sentence about
    /// an error. As strict as the strictest of the exporters.
    package func textForm(
        tenant: String?, path: Span<UInt8>, model: Span<UInt8>
    ) -> ContentForm {
        min(strictest, form(tenant: tenant, path: path, model: model))
    }

    private func form(
        tenant: String?, path: Span<UInt8>, model: Span<UInt8>
    ) -> ContentForm {
        rules.first { $0.covers(tenant: tenant, path: path, model: model) }?.form ?? standard
    }

    /// A call of some kind is recorded in this form.
    package func canRecord(_ form: ContentForm) -> Bool {
        exporters.limited(to: standard).contains(form)
            || rules.contains { exporters.limited(to: $0.form).contains(form) }
    }
}

/// Patterns in which `*` stands for any text.
enum Wildcard {
    /// Whether all of `text` is what the pattern says. Linear but for the number of stars.
    static func matches(_ pattern: Span<UInt8>, _ text: Span<UInt8>) -> Bool {
        let star = UInt8(ascii: "*")
        var at = 0
        var position = 0
        var retry: (pattern: Int, text: Int)?
        while position < text.count {
            if at < pattern.count, pattern[at] == star {
                retry = (at + 1, position)
                at += 1
            } else if at < pattern.count, pattern[at] == text[position] {
                at += 1
                position += 1
            } else if let again = retry {
                retry = (again.pattern, again.text + 1)
                at = again.pattern
                position = again.text + 1
            } else {
                return false
            }
        }
        while at < pattern.count, pattern[at] == star { at += 1 }
        return at == pattern.count
    }
}
