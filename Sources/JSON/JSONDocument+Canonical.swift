import Bytes
import CSimdjson

/// A form that two values share only if a parser could not tell them apart: no white space, each
/// string written in one way however it was escaped, numbers and literals by their source, and
/// members in their order.
///
/// "1.0" and "1" differ, though some parsers take them for the same number: for others they are
/// not, and no digit is ever lost. A lone surrogate stays one and equals nothing else.
extension JSONDocument {
    /// Runs of so many source bytes go to the sink without a copy.
    private static var directBytesMin: Int { 1024 }

    /// Appends `value` in that form. Whenever `buffer` would hold more than `limit` bytes, what it
    /// holds goes to `sink` and is dropped; long runs go there straight from the source. What is
    /// left in `buffer` at the end is for the caller to take.
    package func appendCanonical(
        _ value: JSONValue, to buffer: inout ByteBuffer, limit: Int,
        sink: (Span<UInt8>) -> Void
    ) {
        let last = tokenAfter(value)
        var index = Int(value.token)
        var start = position(of: index)
        var end = start
        while index < last {
            let position = position(of: index)
            if position != end {
                take(start..<end, &buffer, limit, sink)
                start = position
            }
            switch bytes[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"),
                UInt8(ascii: ","), UInt8(ascii: ":"):
                end = position + 1
            case UInt8(ascii: "\"") where !hasPlainEscapes && link(of: index) != 0:
                take(start..<position + 1, &buffer, limit, sink)
                rewrite(JSONValue(token: UInt32(index)), &buffer, limit, sink)
                // The closing quote begins the next run.
                end = scalarEnd(of: index)
                start = end - 1
            default:
                end = scalarEnd(of: index)
            }
            index += 1
        }
        take(start..<end, &buffer, limit, sink)
    }

    /// Appends the inside of a string in that form; false, with nothing appended, when `value` is
    /// none.
    @discardableResult
    package func appendCanonicalString(_ value: JSONValue, to buffer: inout ByteBuffer) -> Bool {
        guard let range = contents(of: value) else { return false }
        let raw = bytes.extracting(range)
        if hasPlainEscapes || link(of: Int(value.token)) == 0 {
            buffer.append(raw)
        } else {
            rewrite(raw, to: &buffer, room: raw.count + 6)
        }
        return true
    }

    private func take(
        _ run: Range<Int>, _ buffer: inout ByteBuffer, _ limit: Int, _ sink: (Span<UInt8>) -> Void
    ) {
        let isDirect = run.count >= Self.directBytesMin
        if isDirect || buffer.count + run.count > limit {
            sink(buffer.bytes)
            buffer.removeAll()
        }
        if isDirect {
            sink(bytes.extracting(run))
        } else {
            buffer.append(bytes.extracting(run))
        }
    }

    private func rewrite(
        _ value: JSONValue, _ buffer: inout ByteBuffer, _ limit: Int, _ sink: (Span<UInt8>) -> Void
    ) {
        guard let range = contents(of: value) else { return }
        var rest = bytes.extracting(range)
        while !rest.isEmpty {
            if limit - buffer.count < Self.directBytesMin {
                sink(buffer.bytes)
                buffer.removeAll()
            }
            let room = max(limit - buffer.count, Self.directBytesMin)
            let taken = rewrite(rest, to: &buffer, room: room)
            rest = rest.extracting(taken..<rest.count)
        }
    }

    /// Answers how many bytes of `source` it took.
    @discardableResult
    private func rewrite(_ source: Span<UInt8>, to buffer: inout ByteBuffer, room: Int) -> Int {
        var taken = 0
        // SAFETY: both ranges are valid for the call, and no more than `room` is written.
        unsafe source.withUnsafeBufferPointer { source in
            unsafe buffer.appendUnsafe(upTo: room) { into in
                unsafe csimdjson_rewrite_escapes(
                    source.baseAddress, source.count,
                    into.baseAddress?.assumingMemoryBound(to: UInt8.self), into.count, &taken)
            }
        }
        return taken
    }
}
