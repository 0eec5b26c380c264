import Bytes
import HTTP1
import HTTPClient
import JSON
import OpenAIAPI

/// Prints the text of a streamed chat word by word.
final class DemoStream: AnswerReader {
    private let screen: DemoScreen
    private var parser = SSEParser()
    private var scanner = JSONScanner()
    private var events = 0

    init(screen: DemoScreen) {
        self.screen = screen
    }

    func receivedHead(_ transfer: HTTPTransfer) { screen.head(of: transfer) }

    func received(_ bytes: Span<UInt8>) {
        if events == 0 { screen.part("  ") }
        while let block = parser.next(in: bytes) {
            guard block == .event else { continue }
            events += 1
            if let text = Self.text(parser.data(in: bytes), &scanner) {
                screen.part(screen.bold(text))
            }
        }
    }

    func finished() {
        screen.line("\n  \(screen.dim("\(events) events, passed on as they came"))")
    }

    /// `choices[0].delta.content`; nil in an event without it.
    private static func text(_ event: Span<UInt8>, _ scanner: inout JSONScanner) -> String? {
        do throws(JSONError) { try scanner.scan(event) } catch { return nil }
        let document = scanner.document(event)
        guard let choices = document.value("choices", of: document.root) else { return nil }
        var elements = document.elements(of: choices)
        guard let choice = elements.next(), let delta = document.value("delta", of: choice),
            let content = document.value("content", of: delta)
        else { return nil }
        return document.text(content)
    }
}

extension DemoScreen {
    /// Headers that are worth a look; the others are left out.
    private static let shownHeaders = [
        "content-type", "x-trace-id", "x-request-id", "x-martlet-attempts", "server-timing",
    ]

    /// Prints an answer's status and headers.
    fileprivate func head(of transfer: HTTPTransfer) {
        let status = "\(transfer.status)"
        answer(status == "200" ? green(status) : red(status))
        transfer.head.withBytes { head in
            for name in Self.shownHeaders {
                for field in transfer.fields
                where String(decoding: head.extracting(field.name)).lowercased() == name {
                    let value = String(decoding: head.extracting(field.value))
                    answer("\(dim("\(name):")) \(value)")
                }
            }
        }
        line()
    }
}

/// Prints the first numbers of each vector.
final class DemoEmbeddings: AnswerReader {
    private let screen: DemoScreen
    private var body = ByteBuffer()
    private var scanner = JSONScanner()

    /// Numbers shown of a vector.
    private static let shownNumbers = 4

    init(screen: DemoScreen) {
        self.screen = screen
    }

    func receivedHead(_ transfer: HTTPTransfer) { screen.head(of: transfer) }

    func received(_ bytes: Span<UInt8>) {
        body.append(bytes)
    }

    func finished() {
        let lines = body.withBytes { Self.lines($0, &scanner, screen) }
        for line in lines { screen.line("  \(line)") }
    }

    /// A line for each vector of the answer, or one with what came instead.
    private static func lines(
        _ answer: Span<UInt8>, _ scanner: inout JSONScanner, _ screen: DemoScreen
    ) -> [String] {
        do throws(JSONError) { try scanner.scan(answer) } catch {
            return [screen.red("The answer is not JSON.")]
        }
        let document = scanner.document(answer)
        guard let data = document.value("data", of: document.root) else {
            return [String(decoding: answer)]
        }
        var lines: [String] = []
        var vectors = document.elements(of: data)
        while let vector = vectors.next() {
            guard let numbers = document.value("embedding", of: vector) else { continue }
            var elements = document.elements(of: numbers)
            var first: [String] = []
            var count = 0
            while let number = elements.next() {
                if count < shownNumbers, let value = document.double(number) {
                    first.append("\((value * 10_000).rounded() / 10_000)")
                }
                count += 1
            }
            let beginning = screen.bold(first.joined(separator: ", "))
            lines.append("[\(beginning), ...] \(screen.dim("\(count) numbers"))")
        }
        return lines
    }
}
