import Bytes
import Configuration
import OpenAIAPI
import Privacy
import Telemetry

/// Who a call was made for, as `telemetry.userID` has it recorded.
package enum UserID {
    /// The attributes that name somebody (semconv v1.40.0, registry/attributes/user.md and
    /// enduser.md).
    package static let keys = ["user.id", "enduser.id", "enduser.pseudo.id"]
    /// Bytes of an id that are taken.
    static let bytesMax = 256

    /// Appends `id` as it is recorded; nothing where it is not. A key or token in the place of an
    /// id is never recorded.
    package static func append(
        _ id: Span<UInt8>, _ form: UserIDForm, bench: Workbench, to buffer: inout ByteBuffer
    ) {
        guard !id.isEmpty, id.count <= bytesMax else { return }
        switch form {
        case .off: break
        case .hashed: bench.filter.appendHash(ofUser: id, to: &buffer)
        case .full: Redaction.append(id, .credentials, to: &buffer)
        }
    }
}

extension Operation {
    /// Puts the user that the body names on the GenAI and the SERVER span, unless a header has
    /// named one.
    func setUser(on record: SpanRecord) {
        let form = services.settings.telemetry.userID
        guard form != .off, let user = request.safetyIdentifier ?? request.user,
            !trace.shared.contains(where: { $0.key == GeneralAttributes.userID.name.description })
        else { return }
        var text = ByteBuffer(capacity: user.contents.count)
        body.withBytes { user.append(from: $0, to: &text) }
        var id = ByteBuffer(capacity: 64)
        UserID.append(text.bytes, form, bench: services.bench, to: &id)
        guard !id.isEmpty else { return }
        record.set(GeneralAttributes.userID, id.bytes)
        trace.serverSpan?.set(GeneralAttributes.userID, id.bytes)
    }
}
