import Bytes
import Foundation
import Glibc
import JSON
import Testing

/// The scanner against Foundation's parser on generated documents and their mutations.
///
/// Intended differences: Foundation refuses lone surrogates and some magnitudes, takes a byte
/// order mark, UTF-16 and a comma before a closing bracket, lets a top-level key occur twice, and
/// has an own limit of nesting.
@Suite struct DifferentialTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `generated documents are accepted and mean the same`(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        for _ in 0..<500 {
            let text = document(&generator)
            let bytes = Array(text.utf8)
            let expected = try #require(foundation(bytes), "\(text)")
            let tree = try scanned(text) { Tree($0.root, $0) }
            #expect(tree == expected, "\(text)")
        }
    }

    @Test(arguments: [11, 12, 13, 14, 15, 16] as [UInt64])
    func `mutated documents are accepted by both or by neither`(seed: UInt64) {
        var generator = SplitMix(state: seed)
        var accepted = 0
        var refused = 0
        for _ in 0..<4000 {
            var bytes = Array(document(&generator).utf8)
            for _ in 0..<Int.random(in: 1...2, using: &generator) { mutate(&bytes, &generator) }
            let expected = foundation(bytes)
            let mine = tree(bytes)
            if mine == nil { refused += 1 } else { accepted += 1 }
            if isExcused(bytes, mine) { continue }
            #expect(mine == expected, "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(accepted > 200 && refused > 200)
    }

    /// The page after the document cannot be read: a read past the end would end the process.
    @Test func `nothing past the end is read`() throws {
        let page = 4096
        let pages = try #require(
            mmap(nil, page * 3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        defer { munmap(pages, page * 3) }
        #expect(mprotect(pages + page * 2, page, PROT_NONE) == 0)
        var generator = SplitMix(state: 99)
        for round in 0..<3000 {
            var bytes = Array(document(&generator).utf8)
            if round % 2 == 1 { mutate(&bytes, &generator) }
            bytes = Array(bytes.prefix(round % 3 == 0 ? round % 200 : page * 2))
            guard !bytes.isEmpty, bytes.count <= page * 2 else { continue }
            let start = pages + page * 2 - bytes.count
            start.copyMemory(from: bytes, byteCount: bytes.count)
            let view = UnsafeRawBufferPointer(start: start, count: bytes.count)
                .assumingMemoryBound(to: UInt8.self)
            let inPlace = result(Span(_unsafeElements: view))
            #expect(inPlace == result(bytes.span))
        }
    }

    private func result(_ bytes: Span<UInt8>) -> Tree? {
        var scanner = JSONScanner()
        guard (try? scanner.scan(bytes)) != nil else { return nil }
        let document = scanner.document(bytes)
        return Tree(document.root, document)
    }

    private func tree(_ bytes: [UInt8]) -> Tree? { result(bytes.span) }

    /// What Foundation makes of a document, or nil when it refuses.
    private func foundation(_ bytes: [UInt8]) -> Tree? {
        let value = try? JSONSerialization.jsonObject(
            with: Data(bytes), options: [.fragmentsAllowed])
        return value.map { convert($0) }
    }

    private func convert(_ value: Any) -> Tree {
        switch value {
        case let value as [String: Any]: .object(value.mapValues { convert($0) })
        case let value as [Any]: .array(value.map { convert($0) })
        case let value as String: .string(value)
        case is NSNull: .null
        case let value as NSNumber:
            String(cString: value.objCType) == "c"
                ? .bool(value.boolValue) : .number(value.doubleValue)
        default: .null
        }
    }

    /// The intended differences.
    private func isExcused(_ bytes: [UInt8], _ mine: Tree?) -> Bool {
        var scanner = JSONScanner()
        do throws(JSONError) {
            try scanner.scan(bytes.span)
        } catch {
            // A zero byte makes Foundation guess at UTF-16 or UTF-32.
            return error.code == .duplicateKey || error.code == .byteOrderMark
                || bytes.contains(0) || isAfterComma(error, bytes)
        }
        return hasReplacement(mine) || hasInfinity(mine)
    }

    /// Whether what was refused is a closing bracket just after a comma.
    private func isAfterComma(_ error: JSONError, _ bytes: [UInt8]) -> Bool {
        guard error.code == .unexpectedToken, let byte = bytes.dropFirst(error.offset).first,
            byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
        else { return false }
        return bytes[..<error.offset].last { !" \n\r\t".utf8.contains($0) } == UInt8(ascii: ",")
    }

    private func hasReplacement(_ tree: Tree?) -> Bool {
        switch tree {
        case .string(let text): text.unicodeScalars.contains("\u{FFFD}")
        case .array(let elements): elements.contains { hasReplacement($0) }
        case .object(let members):
            members.contains { hasReplacement(.string($0)) || hasReplacement($1) }
        default: false
        }
    }

    private func hasInfinity(_ tree: Tree?) -> Bool {
        switch tree {
        case .number(let value): value.isInfinite
        case .array(let elements): elements.contains { hasInfinity($0) }
        case .object(let members): members.values.contains { hasInfinity($0) }
        default: false
        }
    }
}

private func pick(_ choices: [String], _ generator: inout SplitMix) -> String {
    choices.randomElement(using: &generator) ?? ""
}

private func document(_ generator: inout SplitMix) -> String {
    space(&generator) + value(4, &generator) + space(&generator)
}

private func space(_ generator: inout SplitMix) -> String {
    pick(["", "", "", " ", "\n", "\t \r\n"], &generator)
}

private func value(_ depth: Int, _ generator: inout SplitMix) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &generator) {
    case 0: return pick(["true", "false", "null"], &generator)
    case 1: return pick(["0", "-0", "1", "-17", "123456", "4294967296"], &generator)
    case 2: return pick(["0.5", "-1.25e3", "1E-2", "6.02e+23", "3.14159", "2e0"], &generator)
    case 3, 4, 5: return string(&generator)
    case 6: return list("[", "]", &generator) { value(depth - 1, &$0) }
    default:
        var number = 0
        return list("{", "}", &generator) {
            number += 1
            let name = string(&$0).dropFirst()
            return "\"\(number)" + name + space(&$0) + ":" + space(&$0) + value(depth - 1, &$0)
        }
    }
}

private func list(
    _ open: String, _ close: String, _ generator: inout SplitMix,
    _ item: (inout SplitMix) -> String
) -> String {
    let count = Int.random(in: 0..<5, using: &generator)
    let items = (0..<count).map { _ in
        space(&generator) + item(&generator) + space(&generator)
    }
    return open + items.joined(separator: ",") + (count == 0 ? space(&generator) : "") + close
}

private func string(_ generator: inout SplitMix) -> String {
    let parts = [
        "a", "key", "some longer text with spaces, commas: and [brackets] {too}", "é", "€",
        "😀",
        "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\ud83d\\ude00", "\\t\\r\\b\\f", "\u{7F}",
        "\\\\\\\"",
    ]
    let count = Int.random(in: 0..<6, using: &generator)
    return "\"" + (0..<count).map { _ in pick(parts, &generator) }.joined() + "\""
}

private func mutate(_ bytes: inout [UInt8], _ generator: inout SplitMix) {
    let interesting = Array("{}[],:\"\\ \n\t\u{0C}\u{1A}\u{1F}0123456789.-+eEtfnulrasu/x".utf8)
    let at = Int.random(in: 0...bytes.count, using: &generator)
    let byte =
        Int.random(in: 0..<8, using: &generator) == 0
        ? UInt8.random(in: 0...255, using: &generator)
        : interesting.randomElement(using: &generator) ?? 0
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes.insert(byte, at: at)
    case 1 where at < bytes.count: bytes[at] = byte
    case 2 where at < bytes.count: bytes.remove(at: at)
    case 3: bytes.removeSubrange(Int.random(in: 0...at, using: &generator)..<at)
    default: if at < bytes.count { bytes.swapAt(at, bytes.count / 2) }
    }
}
