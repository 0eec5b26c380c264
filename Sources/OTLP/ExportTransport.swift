import Bytes
import Telemetry

/// What came of one request.
package enum TransportOutcome: Sendable {
    case answer(ExportAnswer)
    /// No complete answer; the sentence is for the log.
    case failed(reason: String)
}

/// What a receiver said of a batch, whatever it speaks.
package struct ExportAnswer: Sendable, Equatable {
    /// What the answer means for the batch.
    package enum Verdict: Sendable, Equatable {
        /// The receiver has it, but for what the argument says.
        case taken(PartialSuccess?)
        /// Another time; `after` is in nanoseconds, nil where the receiver did not say when.
        case retry(after: UInt64?)
        /// Over a limit of the receiver.
        case tooLarge
        /// Not this one, also later.
        case refused
        /// Not with these credentials.
        case unauthorized
    }

    /// What follows from it.
    package let verdict: Verdict
    /// What the receiver called it: `503`, `UNAVAILABLE`.
    package let status: String
    /// What an operator could do, for the log; may be empty.
    package let hint: String
    /// The receiver's own words, for the log: at most `messageCharactersMax`, may be empty.
    package let message: String

    /// Characters that are kept of a receiver's words.
    package static let messageCharactersMax = 256

    /// An answer; a longer `message` is cut.
    package init(_ verdict: Verdict, status: String, hint: String = "", message: String = "") {
        self.verdict = verdict
        self.status = status
        self.hint = hint
        self.message = String(message.prefix(Self.messageCharactersMax))
    }
}

/// What the body of a request is written in.
package enum ExportEncoding: Sendable {
    case protobuf, json
}

/// Carries encoded batches to the receiver. One request at a time, on the exporter's loop.
package protocol ExportTransport: AnyObject {
    /// What the receiver is to be sent.
    var encoding: ExportEncoding { get }

    /// Sends one request and waits for its answer, at most `timeout` nanoseconds. `body` is in
    /// `encoding`, and compressed where `isGzip` says so; it is the same afterwards, for another
    /// try.
    func send(
        _ body: inout ByteBuffer, isGzip: Bool, timeout: UInt64
    ) async -> TransportOutcome
}
