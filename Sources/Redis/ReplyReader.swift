import Bytes
import CHiredis

/// hiredis' reader of replies, fed with what a connection brings. Does no I/O.
///
/// Bounded: by `bytesMax` for a reply with all its frames, `elementsMax` for its parts, and seven
/// arrays inside each other, which is hiredis' own limit. Not to be used after an error.
@safe
package final class ReplyReader {
    /// Parts of one reply: a page of SCAN and the map of a large cluster are far below.
    package static let elementsMax = 1 << 18

    /// What the next bytes amount to.
    package enum Next: ~Copyable {
        case reply(RedisReply)
        /// It is not complete yet.
        case more
        case failed(RedisError)
    }

    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let bytesMax: Int
    /// The reply that is being read.
    private var nodes: ContiguousArray<RedisReply.Node> = []
    private var buffer = ByteBuffer()
    private var isTooLarge = false
    /// Bytes that were fed and belong to no reply that was taken yet.
    private var pendingBytes = 0

    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
        unsafe functions = .allocate(capacity: 1)
        unsafe functions.initialize(to: Self.callbacks())
        // SAFETY: hiredis answers null only when memory is exhausted; the table of functions is
        // freed behind the reader.
        unsafe reader = redisReaderCreateWithFunctions(functions)!
        // Memory that is kept between replies: a read of the loop brings as much.
        unsafe reader.pointee.maxbuf = 128 << 10
        // SAFETY: hiredis calls back within `next` only, during which the reader is there.
        unsafe martlet_redis_set_context(reader, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        // SAFETY: this is the one owner of both.
        unsafe redisReaderFree(reader)
        unsafe functions.deallocate()
    }

    /// Adds bytes, which are copied. False after an error.
    package func feed(_ bytes: Span<UInt8>) -> Bool {
        pendingBytes += bytes.count
        // SAFETY: the pointer is valid for the call.
        let status = unsafe bytes.withUnsafeBytes {
            unsafe redisReaderFeed(reader, $0.baseAddress, $0.count)
        }
        return status == REDIS_OK
    }

    /// The next reply of what was fed.
    package func next() -> Next {
        var object: UnsafeMutableRawPointer?
        // SAFETY: the object is a marker that is never followed; see `callbacks`.
        let status = unsafe redisReaderGetReply(reader, &object)
        if status != REDIS_OK || isTooLarge { return .failed(failure) }
        guard unsafe object != nil else {
            return pendingBytes > bytesMax ? .failed(Self.tooLarge) : .more
        }
        // SAFETY: fields of the reader.
        let rest = unsafe reader.pointee.len - reader.pointee.pos
        let isOver = pendingBytes - rest > bytesMax
        pendingBytes = rest
        return isOver ? .failed(Self.tooLarge) : .reply(takeReply())
    }

    private var failure: RedisError {
        isTooLarge
            ? Self.tooLarge : RedisError(.malformed, reason: "the answer is not of Redis' protocol")
    }

    private static let tooLarge = RedisError(
        .tooLarge, reason: "the answer is over the limit of a reply")

    private func takeReply() -> RedisReply {
        var bytes = ByteBuffer()
        swap(&bytes, &buffer)
        let root = nodes[0]
        guard root.kind == .array else {
            nodes.removeAll(keepingCapacity: true)
            return RedisReply(root: root, buffer: bytes)
        }
        var list: ContiguousArray<RedisReply.Node> = []
        swap(&list, &nodes)
        Self.link(&list)
        return RedisReply(root: root, nodes: list, buffer: bytes)
    }

    /// Writes down where each node's successor is: behind all that belongs to it.
    private static func link(_ nodes: inout ContiguousArray<RedisReply.Node>) {
        for index in nodes.indices.reversed() {
            var next = index + 1
            if nodes[index].kind == .array {
                for _ in 0..<nodes[index].number { next = nodes[next].next }
            }
            nodes[index].next = next
        }
    }

    // MARK: What hiredis calls

    private func add(
        _ kind: RedisReply.Kind, number: Int = 0, text: Span<UInt8> = Span()
    ) -> Bool {
        guard nodes.count < Self.elementsMax else {
            isTooLarge = true
            return false
        }
        let start = buffer.count
        guard start + text.count <= bytesMax else {
            isTooLarge = true
            return false
        }
        buffer.append(text)
        nodes.append(RedisReply.Node(kind: kind, number: number, range: start..<buffer.count))
        return true
    }

    private func addArray(_ count: Int) -> Bool {
        guard count <= Self.elementsMax - nodes.count else {
            isTooLarge = true
            return false
        }
        return add(.array, number: count)
    }

    @unsafe
    private static func owner(
        _ task: UnsafePointer<redisReadTask>?
    ) -> (ReplyReader, UnsafeMutableRawPointer)? {
        // SAFETY: each task carries the reader's context, which was set in `init`.
        guard let context = unsafe task?.pointee.privdata else { return nil }
        return unsafe (Unmanaged<ReplyReader>.fromOpaque(context).takeUnretainedValue(), context)
    }

    /// What stands for a part is the reader's own address, a mark that hiredis hands back and
    /// never looks into; null says that the part is refused.
    private static func callbacks() -> redisReplyObjectFunctions {
        // SAFETY: the text is valid for its length during the call.
        unsafe redisReplyObjectFunctions(
            createString: { task, text, count in
                guard let (owner, mark) = unsafe ReplyReader.owner(task) else { return nil }
                let bytes = unsafe Span<UInt8>(
                    _unsafeBytes: UnsafeRawBufferPointer(start: text, count: count))
                let kind: RedisReply.Kind =
                    switch unsafe task?.pointee.type {
                    case REDIS_REPLY_STATUS: .status
                    case REDIS_REPLY_ERROR: .error
                    default: .string
                    }
                return unsafe owner.add(kind, text: bytes) ? mark : nil
            },
            createArray: { task, count in
                guard let (owner, mark) = unsafe ReplyReader.owner(task) else { return nil }
                return unsafe owner.addArray(Int(count)) ? mark : nil
            },
            createInteger: { task, value in
                guard let (owner, mark) = unsafe ReplyReader.owner(task) else { return nil }
                return unsafe owner.add(.integer, number: Int(value)) ? mark : nil
            },
            createNil: { task in
                guard let (owner, mark) = unsafe ReplyReader.owner(task) else { return nil }
                return unsafe owner.add(.null) ? mark : nil
            },
            freeObject: { _ in })
    }
}
