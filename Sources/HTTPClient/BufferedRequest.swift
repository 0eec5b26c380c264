import Bytes
import HTTP1
import Networking

/// A POST whose body and answer are small enough to be held: what exporters send.
package struct BufferedRequest: ~Copyable {
    /// Absolute.
    package let url: String
    /// Names and values; one that could end its line is left out.
    package let headers: [(name: String, value: String)]
    /// May be empty.
    package var body: ByteBuffer

    package init(url: String, headers: [(name: String, value: String)], body: consuming ByteBuffer)
    {
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// A complete answer, its body cut at the limit that was asked for.
package struct BufferedResponse {
    /// The status code.
    package let status: Int
    /// Names in lower case.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// The body was longer than the limit; the rest was not read.
    package let isCut: Bool

    /// The first value of a header, whose name is given in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}

extension CurlClient {
    /// Sends `request` as a POST and waits for the whole answer, within `timeout` milliseconds.
    ///
    /// At most `responseBytesMax` bytes of the body are kept; a longer answer is cut off there
    /// and its connection closed. Redirects are answers like any other.
    package func send(
        _ request: consuming BufferedRequest, timeout: UInt64, responseBytesMax: Int
    ) async -> Result<BufferedResponse, HTTPClientError> {
        await send(
            url: request.url, headers: request.headers, body: &request.body, timeout: timeout,
            responseBytesMax: responseBytesMax)
    }

    /// The same with a body that is lent: it is there again afterwards.
    package func send(
        url target: String, headers: [(name: String, value: String)], body: inout ByteBuffer,
        timeout: UInt64, responseBytesMax: Int
    ) async -> Result<BufferedResponse, HTTPClientError> {
        let exchange = BufferedExchange(responseBytesMax: responseBytesMax)
        let transfer = makeTransfer()
        var url = ByteBuffer()
        url.append(string: target)
        transfer.prepare(.post, url: url)
        for (name, value) in headers {
            transfer.addHeader(name.utf8.span, value.utf8.span)
        }
        swap(&transfer.body, &body)
        var timeouts = HTTPTimeouts()
        timeouts.connect = timeout
        timeouts.firstByte = 0
        timeouts.idle = 0
        timeouts.total = timeout
        transfer.start(body: .buffered, timeouts: timeouts, observer: exchange)
        while !exchange.isFinished { await exchange.point.wait() }
        let result = exchange.result(of: transfer)
        swap(&transfer.body, &body)
        transfer.release()
        return result
    }
}

private final class BufferedExchange: HTTPTransferObserver {
    let point = WaitPoint()
    private(set) var isFinished = false
    private let responseBytesMax: Int
    private var error: HTTPClientError?
    private var body: [UInt8] = []
    private var isCut = false

    init(responseBytesMax: Int) {
        self.responseBytesMax = responseBytesMax
    }

    func transferConnected(_ transfer: HTTPTransfer) {}
    func transferReceivedHead(_ transfer: HTTPTransfer) {}
    func transferWantsBody(_ transfer: HTTPTransfer) {}

    func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool {
        for index in 0..<min(bytes.count, responseBytesMax - body.count) {
            body.append(bytes[index])
        }
        if body.count == responseBytesMax {
            isCut = true
            transfer.cancel()
        }
        return true
    }

    func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?) {
        self.error = error
        isFinished = true
        point.signal()
    }

    func result(of transfer: HTTPTransfer) -> Result<BufferedResponse, HTTPClientError> {
        if let error, !isCut { return .failure(error) }
        let headers = transfer.head.withBytes { head in
            transfer.fields.map { field in
                (
                    name: String(decoding: head.extracting(field.name)).lowercased(),
                    value: String(decoding: head.extracting(field.value))
                )
            }
        }
        return .success(
            BufferedResponse(
                status: transfer.status, headers: headers, body: body, isCut: isCut))
    }
}
