import Bytes
import Configuration
import JSON

/// The metadata a caller sends in `x-portkey-metadata`: a flat JSON object.
enum CallerMetadata {
    /// Members that are taken at most.
    private static let membersMax = 32
    /// Bytes of a value that are kept.
    private static let valueBytesMax = 256

    /// The members as span attributes named `metadata.*`; `_user` is `user.id`. What is no flat
    /// object of strings, numbers and booleans is left out.
    static func read(
        _ header: Span<UInt8>, scanner: inout JSONScanner
    ) -> [(key: String, value: String)] {
        guard (try? scanner.scan(header)) != nil else { return [] }
        return read(scanner.document(header))
    }

    private static func read(
        _ document: borrowing JSONDocument
    ) -> [(key: String, value: String)] {
        guard document.kind(of: document.root) == .object else { return [] }
        var result: [(key: String, value: String)] = []
        var members = document.members(of: document.root)
        while let member = members.next(), result.count < membersMax {
            guard let name = document.text(member.key), !name.isEmpty, name.utf8.count <= 128
            else { continue }
            let value: String
            switch document.kind(of: member.value) {
            case .string: value = document.text(member.value) ?? ""
            case .number, .true, .false:
                value = String(decoding: document.source(of: member.value))
            default: continue
            }
            guard value.utf8.count <= valueBytesMax else { continue }
            result.append((name == "_user" ? "user.id" : "metadata.\(name)", value))
        }
        return result
    }

    /// Takes a header field that the configuration maps to an attribute
    /// (`telemetry.headerAttributes`); the first of several counts.
    static func take(
        _ name: Span<UInt8>, _ value: Span<UInt8>, _ map: [HeaderAttribute],
        _ result: inout [(key: String, value: String)]
    ) {
        for entry in map where isName(name, entry.header) {
            take(entry, value, &result)
        }
        if isName(name, HeaderAttribute.bedrockGuardrail.header) {
            take(.bedrockGuardrail, value, &result)
        }
    }

    private static func take(
        _ entry: HeaderAttribute, _ value: Span<UInt8>,
        _ result: inout [(key: String, value: String)]
    ) {
        guard value.count > 0, value.count <= HeaderAttribute.valueBytesMax,
            !result.contains(where: { $0.key == entry.attribute })
        else { return }
        result.append((entry.attribute, String(decoding: value)))
    }

    /// A field's name, which has no case, is that in lower case.
    private static func isName(_ name: Span<UInt8>, _ header: String) -> Bool {
        let header = header.utf8.span
        guard name.count == header.count else { return false }
        for index in name.indices where ASCII.lowercased(name[index]) != header[index] {
            return false
        }
        return true
    }
}
