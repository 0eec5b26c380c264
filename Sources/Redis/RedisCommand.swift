import Bytes
import CHiredis

/// A command as it goes over the wire, written by hiredis' formatter: binary-safe.
@safe
package struct RedisCommand: ~Copyable {
    /// Its name, as `db.operation.name` has it.
    package let name: StaticString
    private let text: UnsafeMutablePointer<CChar>
    private let count: Int

    /// A command without arguments.
    package init(_ name: StaticString) {
        self.init(name, arguments: Span(), ranges: [])
    }

    /// A command with one argument: a key.
    package init(_ name: StaticString, _ first: Span<UInt8>) {
        // SAFETY: here and below, pointers are used within the closures only.
        self = unsafe first.withPointer { first in
            unsafe Self(name, [Self.piece(name), first])
        }
    }

    /// A command with two arguments, e.g. a key and a value.
    package init(_ name: StaticString, _ first: Span<UInt8>, _ second: Span<UInt8>) {
        // SAFETY: as above.
        self = unsafe first.withPointer { first in
            unsafe second.withPointer { second in
                unsafe Self(name, [Self.piece(name), first, second])
            }
        }
    }

    /// SET with a time to live in milliseconds.
    package init(setting key: Span<UInt8>, to value: Span<UInt8>, milliseconds: Int) {
        var digits = ByteBuffer()
        digits.append(decimal: milliseconds)
        // SAFETY: pointers are used within the closures only, here and below.
        self = unsafe digits.bytes.withPointer { digits in
            unsafe key.withPointer { key in
                unsafe value.withPointer { value in
                    unsafe Self(
                        "SET", [Self.piece("SET"), key, value, Self.piece("PX"), digits])
                }
            }
        }
    }

    /// A command with the parts of `arguments` that `ranges` name, in that order.
    package init(_ name: StaticString, arguments: Span<UInt8>, ranges: [Range<Int>]) {
        // SAFETY: the parts are checked to lie within, and used within the closure only.
        self = unsafe arguments.withPointer { all in
            var pieces = unsafe [Self.piece(name)]
            for range in ranges {
                precondition(range.upperBound <= all.count)
                unsafe pieces.append(UnsafeRawBufferPointer(rebasing: all[range]))
            }
            return unsafe Self(name, pieces)
        }
    }

    /// A command with texts as arguments: what is sent now and then.
    package init(_ name: StaticString, texts: [String]) {
        var all = ByteBuffer()
        var ranges: [Range<Int>] = []
        for text in texts {
            let start = all.count
            all.append(string: text)
            ranges.append(start..<all.count)
        }
        self.init(name, arguments: all.bytes, ranges: ranges)
    }

    private init(_ name: StaticString, _ pieces: [UnsafeRawBufferPointer]) {
        self.name = name
        // An empty piece may have no address, which hiredis' formatter must not copy from.
        // SAFETY: a literal's bytes live as long as the program; of none of them nothing is read.
        var starts = unsafe pieces.map { piece -> UnsafePointer<CChar>? in
            let start = unsafe piece.baseAddress ?? UnsafeRawPointer(name.utf8Start)
            return unsafe start.assumingMemoryBound(to: CChar.self)
        }
        let counts = unsafe pieces.map(\.count)
        var target: UnsafeMutablePointer<CChar>?
        // SAFETY: the pieces are valid for their lengths during the call.
        let written = unsafe redisFormatCommandArgv(&target, Int32(starts.count), &starts, counts)
        guard written > 0, let target = unsafe target else {
            preconditionFailure("no memory for a command of Redis")
        }
        unsafe text = target
        count = Int(written)
    }

    deinit {
        // SAFETY: the formatter allocated it, and this is its one owner.
        unsafe redisFreeCommand(text)
    }

    /// What is sent.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // SAFETY: the formatter wrote `count` bytes.
            let span = unsafe Span<UInt8>(
                _unsafeBytes: UnsafeRawBufferPointer(start: text, count: count))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Appends what is sent.
    func append(to buffer: inout ByteBuffer) {
        buffer.append(bytes)
    }

    /// Where the first argument lies in `bytes`: the key, for all commands that go to a cluster.
    var key: Range<Int>? {
        let all = bytes
        var offset = 0
        // "*3", "$3", "GET", "$5" and the key are a line each, but that the key may hold any byte.
        for _ in 0..<3 {
            guard let end = all.firstIndex(of: ASCII.lineFeed, from: offset) else { return nil }
            offset = end + 1
        }
        guard let end = all.firstIndex(of: ASCII.carriageReturn, from: offset),
            let length = all.extracting(min(offset + 1, end)..<end).decimal
        else { return nil }
        return end + 2..<end + 2 + length
    }

    private static func piece(_ literal: StaticString) -> UnsafeRawBufferPointer {
        // SAFETY: a literal's bytes live as long as the program.
        unsafe UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
    }
}

extension Span<UInt8> {
    /// Calls `body` with the bytes as C wants them.
    fileprivate func withPointer(
        _ body: (UnsafeRawBufferPointer) -> RedisCommand
    ) -> RedisCommand {
        // SAFETY: the pointer is used within the call only.
        unsafe withUnsafeBytes { unsafe body($0) }
    }
}
