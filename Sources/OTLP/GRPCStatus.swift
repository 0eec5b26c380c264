import Bytes

/// The codes of gRPC (grpc/doc/statuscodes.md).
package enum GRPCCode: Int, Sendable, CaseIterable {
    case ok = 0
    case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists
    case permissionDenied, resourceExhausted, failedPrecondition, aborted, outOfRange
    case unimplemented, `internal`, unavailable, dataLoss, unauthenticated

    /// The name in the documents.
    package var name: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }

    /// What a status of HTTP without one of gRPC stands for
    /// (grpc/doc/http-grpc-status-mapping.md).
    package init(httpStatus: Int) {
        switch httpStatus {
        case 400: self = .internal
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404: self = .unimplemented
        case 429, 502, 503, 504: self = .unavailable
        default: self = .unknown
        }
    }
}

/// What a call came to: `grpc-status` and its companions.
package struct GRPCStatus: Sendable, Equatable {
    /// What happened.
    package var code: GRPCCode
    /// For people.
    package var message: String
    /// Nanoseconds that the server wants to be left alone (`google.rpc.RetryInfo`).
    package var retryDelay: UInt64?

    /// Seconds at most that a server is believed.
    private static let secondsMax: UInt64 = 300

    /// A status with a plain message.
    package init(_ code: GRPCCode, message: String = "", retryDelay: UInt64? = nil) {
        self.code = code
        self.message = message
        self.retryDelay = retryDelay
    }

    /// Reads the trailers, or the headers of an answer that has nothing else (grpc/doc/
    /// PROTOCOL-HTTP2.md, "Responses"); nil where they hold no status.
    package init?(fields: [(name: String, value: String)]) {
        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        guard let status = field("grpc-status") else { return nil }
        self.init(
            Int(status).flatMap(GRPCCode.init) ?? .unknown,
            message: field("grpc-message").map(Self.percentDecoded) ?? "")
        if let details = field("grpc-status-details-bin"),
            let bytes = Base64.decode(details.utf8.span)
        {
            retryDelay = Self.retryDelay(inStatus: bytes.span)
        }
    }

    /// `%41` to `A`; what is no such code stays as it is (PROTOCOL-HTTP2.md, "Status-Message").
    package static func percentDecoded(_ text: String) -> String {
        let source = text.utf8.span
        var bytes: [UInt8] = []
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
                let high = hexValue(source[index + 1]), let low = hexValue(source[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// The delay of a `RetryInfo` among the details of a `google.rpc.Status`.
    private static func retryDelay(inStatus bytes: Span<UInt8>) -> UInt64? {
        var reader = ProtobufReader()
        var delay: UInt64?
        while let field = reader.next(in: bytes) {
            guard field.number == 3, case .bytes(let range) = field.value else { continue }
            delay = self.delay(inDetail: bytes.extracting(range)) ?? delay
        }
        return reader.isMalformed ? nil : delay
    }

    /// `google.protobuf.Any` of a `RetryInfo`; without a delay it is one of zero.
    private static func delay(inDetail bytes: Span<UInt8>) -> UInt64? {
        var reader = ProtobufReader()
        var isRetryInfo = false
        var value = 0..<0
        while let field = reader.next(in: bytes) {
            switch (field.number, field.value) {
            case (1, .bytes(let range)):
                isRetryInfo = bytes.extracting(range).ends(with: "/google.rpc.RetryInfo")
            case (2, .bytes(let range)): value = range
            default: break
            }
        }
        guard isRetryInfo, !reader.isMalformed else { return nil }
        let info = bytes.extracting(value)
        reader = ProtobufReader()
        var duration = 0..<0
        while let field = reader.next(in: info) {
            if field.number == 1, case .bytes(let range) = field.value { duration = range }
        }
        return reader.isMalformed ? nil : nanoseconds(inDuration: info.extracting(duration))
    }

    private static func nanoseconds(inDuration bytes: Span<UInt8>) -> UInt64? {
        var reader = ProtobufReader()
        var seconds: Int64 = 0
        var nanos: Int64 = 0
        while let field = reader.next(in: bytes) {
            switch (field.number, field.value) {
            case (1, .varint(let value)): seconds = Int64(bitPattern: value)
            case (2, .varint(let value)): nanos = Int64(bitPattern: value)
            default: break
            }
        }
        guard !reader.isMalformed else { return nil }
        let whole = min(UInt64(max(0, seconds)), secondsMax) * 1_000_000_000
        return whole + UInt64(min(max(0, nanos), 999_999_999))
    }
}

extension Span<UInt8> {
    fileprivate func ends(with literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        return count >= length && extracting(count - length..<count).equals(literal)
    }
}
