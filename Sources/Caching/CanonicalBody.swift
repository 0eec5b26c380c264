import Bytes
import Crypto
import JSON

extension CacheKeyMaker {
    /// Hashes what `buffer` holds and then the body, whose members `members` has gathered.
    /// `input` stands in the place of the member `input`, where it is given.
    static func append(
        _ document: borrowing JSONDocument, listName: StaticString, input: JSONValue?,
        members: inout MemberSorter, to buffer: inout ByteBuffer, hash: inout SHA256
    ) {
        let count = members.count
        buffer.append(UInt8(ascii: "{"))
        for position in 0..<count {
            members.appendName(at: position, isFirst: position == 0, to: &buffer)
            var value = members.value(at: position)
            if let input, members.name(at: position, equals: "input") { value = input }
            if document.kind(of: value) == .array, members.name(at: position, equals: listName) {
                append(
                    messages: value, of: document, members: &members, to: &buffer, hash: &hash)
            } else {
                append(value, of: document, to: &buffer, hash: &hash)
            }
        }
        buffer.append(UInt8(ascii: "}"))
        hash.update(buffer.bytes)
    }

    private static func append(
        messages: JSONValue, of document: borrowing JSONDocument, members: inout MemberSorter,
        to buffer: inout ByteBuffer, hash: inout SHA256
    ) {
        buffer.append(UInt8(ascii: "["))
        var elements = document.elements(of: messages)
        var isFirst = true
        while let element = elements.next() {
            if !isFirst { buffer.append(UInt8(ascii: ",")) }
            isFirst = false
            guard document.kind(of: element) == .object else {
                append(element, of: document, to: &buffer, hash: &hash)
                continue
            }
            let mark = members.mark
            members.add(membersOf: element, in: document, leavesOut: false)
            buffer.append(UInt8(ascii: "{"))
            for position in mark.count..<members.count {
                members.appendName(at: position, isFirst: position == mark.count, to: &buffer)
                append(members.value(at: position), of: document, to: &buffer, hash: &hash)
            }
            buffer.append(UInt8(ascii: "}"))
            members.forget(to: mark)
        }
        buffer.append(UInt8(ascii: "]"))
    }

    private static func append(
        _ value: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer,
        hash: inout SHA256
    ) {
        document.appendCanonical(value, to: &buffer, limit: gatheredBytesMax) { hash.update($0) }
    }
}

/// Members of objects, sorted by name: of the body first, on top of those of one message.
///
/// Equal names keep their order. An object of more than `sortedMax` members keeps its order, which
/// costs a hit at most: no call has so many, and sorting is not to be made expensive.
struct MemberSorter: ~Copyable {
    /// Members of an object that are sorted at most.
    static let sortedMax = 64
    /// Members whose memory is kept.
    private static let keptMax = 1024

    private struct Record {
        /// The name's first eight bytes, as a number that sorts as they do.
        let prefix: UInt64
        let name: Range<Int>
        let value: JSONValue
    }

    /// How much was there at some time.
    struct Mark {
        let count: Int
        let nameBytes: Int
    }

    private var names = ByteBuffer(capacity: 1024)
    private var records: [Record] = []

    init() {
        records.reserveCapacity(64)
    }

    var count: Int { records.count }
    var mark: Mark { Mark(count: records.count, nameBytes: names.count) }

    /// Forgets all; of large memory, `bytes` of names are kept.
    mutating func begin(keeping bytes: Int) {
        names.removeAll(keeping: bytes)
        records.removeAll(keepingCapacity: records.capacity <= Self.keptMax)
    }

    mutating func forget(to mark: Mark) {
        names.truncate(to: mark.nameBytes)
        records.removeLast(records.count - mark.count)
    }

    func value(at position: Int) -> JSONValue { records[position].value }

    func name(at position: Int, equals text: StaticString) -> Bool {
        names.bytes.extracting(records[position].name).equals(text)
    }

    /// Appends the name with its quotes and colon and, unless it is the first, a comma before it.
    func appendName(at position: Int, isFirst: Bool, to buffer: inout ByteBuffer) {
        if isFirst {
            buffer.append(UInt8(ascii: "\""))
        } else {
            buffer.append(",\"")
        }
        buffer.append(names, records[position].name)
        buffer.append("\":")
    }

    /// Adds an object's members behind those that are there, sorted among themselves. `leavesOut`
    /// those that do not change an answer at the top level.
    mutating func add(
        membersOf object: JSONValue, in document: borrowing JSONDocument, leavesOut: Bool
    ) {
        let first = records.count
        var members = document.members(of: object)
        while let member = members.next() {
            let start = names.count
            document.appendCanonicalString(member.key, to: &names)
            let name = start..<names.count
            if leavesOut, Self.isLeftOut(names.bytes.extracting(name)) {
                names.truncate(to: start)
                continue
            }
            // Zeros sort before all that a name can hold unescaped.
            names.append(littleEndian: 0 as UInt64)
            let prefix = names.bytes.littleEndian64(at: start).byteSwapped
            records.append(Record(prefix: prefix, name: name, value: member.value))
        }
        if records.count - first <= Self.sortedMax { sort(from: first) }
    }

    private static func isLeftOut(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 4: name.equals("user")
        case 5: name.equals("cache")
        case 6: name.equals("stream")
        case 14: name.equals("stream_options")
        default: false
        }
    }

    /// By insertion, which is stable; most clients write their members in one order anyway.
    private mutating func sort(from first: Int) {
        var index = first + 1
        while index < records.count {
            let record = records[index]
            var place = index
            while place > first, precedes(record, records[place - 1]) {
                records[place] = records[place - 1]
                place -= 1
            }
            if place != index { records[place] = record }
            index += 1
        }
    }

    private func precedes(_ left: Record, _ right: Record) -> Bool {
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        let count = min(left.name.count, right.name.count)
        let bytes = names.bytes
        for offset in 0..<count {
            let mine = bytes[left.name.lowerBound + offset]
            let other = bytes[right.name.lowerBound + offset]
            if mine != other { return mine < other }
        }
        return left.name.count < right.name.count
    }
}
