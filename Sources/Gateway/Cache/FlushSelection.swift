import Bytes
import Caching
import Configuration
import JSON

/// Which answers a flush is to forget, as its caller wrote it: those that agree in every part that
/// is given.
struct FlushSelection {
    /// The parts, by the names they have in a query and in JSON.
    enum Part: String, CaseIterable {
        case namespace, tenant, model
    }

    private var values: [Part: [UInt8]] = [:]

    /// Reads `name=value&...`, percent-encoded, a plus being a space.
    mutating func read(query: Span<UInt8>) throws(GatewayError) {
        var start = 0
        while start < query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            let pair = query.extracting(start..<end)
            start = end + 1
            guard !pair.isEmpty else { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            let name = Self.decoded(pair.extracting(0..<equals))
            let value = Self.decoded(pair.extracting(min(equals + 1, pair.count)...))
            try set(String(decoding: name.span), to: value)
        }
    }

    /// Reads an object of strings.
    mutating func read(
        json bytes: Span<UInt8>, _ scanner: inout JSONScanner
    ) throws(GatewayError) {
        do throws(JSONError) {
            try scanner.scan(bytes)
        } catch {
            throw GatewayError(
                .invalidJSON, "The body is no JSON: \(error.reason), at byte \(error.offset).")
        }
        let document = scanner.document(bytes)
        guard document.kind(of: document.root) == .object else {
            throw GatewayError(.invalidRequest, "The body is no object of JSON.")
        }
        var members = document.members(of: document.root)
        while let member = members.next() {
            let name = document.text(member.key) ?? ""
            guard let value = document.text(member.value) else {
                // A null is nothing.
                if document.kind(of: member.value) == .null, Part(rawValue: name) != nil {
                    continue
                }
                _ = try Self.part(name)
                throw GatewayError(
                    .invalidRequest, "The selector '\(name)' is no string.", param: name)
            }
            try set(name, to: Array(value.utf8))
        }
    }

    private mutating func set(_ name: String, to value: [UInt8]) throws(GatewayError) {
        let part = try Self.part(name)
        guard !value.isEmpty else {
            throw GatewayError(
                .invalidRequest, "The selector '\(name)' is empty.", param: name)
        }
        guard values.updateValue(value, forKey: part) == nil else {
            throw GatewayError(
                .invalidRequest, "The selector '\(name)' is given twice.", param: name)
        }
    }

    private static func part(_ name: String) throws(GatewayError) -> Part {
        if let part = Part(rawValue: name) { return part }
        let names = Part.allCases.map(\.rawValue)
        let hint = NearestName.of(name, among: names).map { " Did you mean '\($0)'?" } ?? ""
        let shown = name.count <= 64 ? " '\(name)'" : ""
        throw GatewayError(
            .invalidRequest,
            "There is no selector\(shown); there are namespace, tenant and model.\(hint)",
            param: name.count <= 64 ? name : nil)
    }

    /// The same in the stores' terms: one, or one for each key of a client that has several.
    func selectors(_ services: GatewayServices) throws(GatewayError) -> [CacheSelector] {
        guard let tenant = values[.tenant] else { return [selector(services.secret)] }
        let name = String(decoding: tenant.span)
        let keys = services.settings.keys.clientKeys
        let own = keys.filter { $0.name == name }
        if !own.isEmpty {
            return own.map { selector(services.secret, credential: $0.key) }
        }
        var all = selector(services.secret)
        guard all.setTenant(digits: tenant.span) else {
            let near = NearestName.of(name, among: keys.compactMap(\.name))
            throw GatewayError(
                .invalidRequest,
                "The tenant is neither the name of a client key nor 16 hexadecimal digits."
                    + (near.map { " Did you mean '\($0)'?" } ?? ""), param: "tenant")
        }
        return [all]
    }

    /// `secret` is the one that keys are made with.
    private func selector(_ secret: Secret, credential: Secret? = nil) -> CacheSelector {
        let secret = secret.reveal()
        let key = Array((credential?.reveal() ?? "").utf8)
        let namespace = values[.namespace] ?? []
        let model = values[.model] ?? []
        return CacheSelector(
            credential: credential == nil ? nil : key.span,
            namespace: namespace.isEmpty ? nil : namespace.span,
            model: model.isEmpty ? nil : model.span, secret: secret.utf8.span)
    }

    /// RFC 3986 section 2.1; a percent sign without two digits stands for itself.
    private static func decoded(_ text: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "%"), index + 2 < text.count,
                let high = ASCII.hexValue(text[index + 1]),
                let low = ASCII.hexValue(text[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                index += 1
            }
        }
        return result
    }
}
