/// A JSON value with texts as UTF-16, so that lone surrogates can be had.
indirect enum Tree: Equatable {
    case object([Member])
    case array([Tree])
    case string([UInt16])
    /// A number or literal by its source.
    case other(String)

    struct Member: Equatable {
        var name: [UInt16]
        var value: Tree
    }
}

/// Random values, few enough that two are often equal.
struct TreeMaker {
    var dice: Dice

    static let texts: [[UInt16]] = [
        Array("a".utf16), Array("A".utf16), Array("".utf16), Array("a\"b\\c/d\n\u{1}".utf16),
        Array("ü€😀".utf16), [0xD83D], [0xDE00], [0xDE00, 0xD83D], [0xFFFD], [0x61, 0xD83D, 0x62],
        Array("\\ud83d".utf16), Array("\\u0041".utf16), Array("x\u{7F}\u{2028}".utf16), [0],
        Array(String(repeating: "long \u{E9} text ", count: 90).utf16),
    ]
    static let names = [
        "role", "content", "name", "a", "ab", "abcdefgh", "abcdefghi", "abcdefgh1", "ä", "\u{1}",
        "messages", "user", "stream", "",
    ].map { Array($0.utf16) }
    static let others = ["1", "1.0", "-0", "0", "1e2", "123456789012345678901", "true", "null"]

    mutating func value(depth: Int) -> Tree {
        switch dice.number(below: depth > 0 ? 6 : 3) {
        case 0, 1: .string(Self.texts[dice.number(below: Self.texts.count)])
        case 2: .other(Self.others[dice.number(below: Self.others.count)])
        case 3: .array((0..<dice.number(below: 3)).map { _ in value(depth: depth - 1) })
        default: object(depth: depth)
        }
    }

    mutating func object(depth: Int) -> Tree {
        .object(
            (0..<dice.number(below: 4)).map { _ in
                .init(
                    name: Self.names[dice.number(below: Self.names.count)],
                    value: value(depth: depth - 1))
            })
    }

    /// A body with `model`, `messages` and some more, of which no name comes twice.
    mutating func body() -> Tree {
        let messages = (0..<dice.number(below: 4)).map { _ in
            dice.hits(oneIn: 6) ? value(depth: 1) : object(depth: 3)
        }
        var members: [Tree.Member] = [
            .init(name: Array("model".utf16), value: .string(Array("gpt-4o".utf16))),
            .init(name: Array("messages".utf16), value: .array(messages)),
        ]
        let more = [
            "temperature", "tools", "response_format", "input", "stream", "user", "cache",
            "stream_options", "n", "names", "näme",
        ]
        for name in more where dice.hits(oneIn: 4) {
            members.append(.init(name: Array(name.utf16), value: value(depth: 2)))
        }
        members.shuffle(using: &dice)
        return .object(members)
    }

    /// The same value with one thing changed somewhere.
    mutating func changed(_ tree: Tree) -> Tree {
        switch tree {
        case .object(var members):
            guard !members.isEmpty, !dice.hits(oneIn: 5) else {
                members.append(.init(name: Array("added".utf16), value: .other("1")))
                return .object(members)
            }
            let index = dice.number(below: members.count)
            switch dice.number(below: 5) {
            case 0: members.remove(at: index)
            case 1: members.swapAt(index, dice.number(below: members.count))
            default: members[index].value = changed(members[index].value)
            }
            return .object(members)
        case .array(var elements):
            guard !elements.isEmpty else { return .array([.other("1")]) }
            let index = dice.number(below: elements.count)
            switch dice.number(below: 5) {
            case 0: elements.remove(at: index)
            case 1: elements.swapAt(index, dice.number(below: elements.count))
            default: elements[index] = changed(elements[index])
            }
            return .array(elements)
        case .string, .other:
            return value(depth: 0)
        }
    }
}

extension Tree {
    /// What the key must depend on, worked out in another way: a tree whose members at the top
    /// level and in messages are sorted, without those that do not count.
    func reference(list: String) -> Tree {
        guard case .object(let members) = self else { return self }
        let out = ["stream", "stream_options", "user", "cache"].map { Array($0.utf16) }
        let kept = members.filter { !out.contains($0.name) }.map { member in
            guard member.name == Array(list.utf16), case .array(let elements) = member.value else {
                return member
            }
            return Member(name: member.name, value: .array(elements.map(\.sortedMembers)))
        }
        return Tree.object(kept).sortedMembers
    }

    private var sortedMembers: Tree {
        guard case .object(let members) = self else { return self }
        let order = members.indices.sorted {
            let left = members[$0].name
            let right = members[$1].name
            return left == right ? $0 < $1 : left.lexicographicallyPrecedes(right)
        }
        return .object(order.map { members[$0] })
    }

    /// Writes the value with white space, escapes and, where it does not count, an order of
    /// members by chance.
    func source(_ dice: inout Dice, list: String, isTop: Bool = true) -> [UInt8] {
        var out: [UInt8] = []
        write(&out, &dice, shuffles: isTop, list: list)
        return out
    }

    private func write(
        _ out: inout [UInt8], _ dice: inout Dice, shuffles: Bool, list: String?
    ) {
        space(&out, &dice)
        switch self {
        case .object(let members):
            let members = shuffles ? Self.shuffled(members, &dice) : members
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                space(&out, &dice)
                Self.write(member.name, &out, &dice)
                space(&out, &dice)
                out.append(UInt8(ascii: ":"))
                guard let list, member.name == Array(list.utf16),
                    case .array(let elements) = member.value
                else {
                    member.value.write(&out, &dice, shuffles: false, list: nil)
                    continue
                }
                Self.write(elements, &out, &dice, shuffles: true)
            }
            space(&out, &dice)
            out.append(UInt8(ascii: "}"))
        case .array(let elements): Self.write(elements, &out, &dice, shuffles: false)
        case .string(let units): Self.write(units, &out, &dice)
        case .other(let source): out += Array(source.utf8)
        }
        space(&out, &dice)
    }

    private static func write(
        _ elements: [Tree], _ out: inout [UInt8], _ dice: inout Dice, shuffles: Bool
    ) {
        out.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            element.write(&out, &dice, shuffles: shuffles, list: nil)
        }
        out.append(UInt8(ascii: "]"))
    }

    /// In another order, but for those of one name.
    private static func shuffled(_ members: [Member], _ dice: inout Dice) -> [Member] {
        var result = members.shuffled(using: &dice)
        for name in Set(members.map(\.name)) {
            var values = members.filter { $0.name == name }
            for index in result.indices where result[index].name == name {
                result[index] = values.removeFirst()
            }
        }
        return result
    }

    private func space(_ out: inout [UInt8], _ dice: inout Dice) {
        while dice.hits(oneIn: 3) { out.append([0x20, 0x0A, 0x0D, 0x09][dice.number(below: 4)]) }
    }

    private static let short: [UInt16: Character] = [
        0x22: "\"", 0x5C: "\\", 0x08: "b", 0x0C: "f", 0x0A: "n", 0x0D: "r", 0x09: "t", 0x2F: "/",
    ]

    private static func write(_ units: [UInt16], _ out: inout [UInt8], _ dice: inout Dice) {
        // Some strings have no escape but those they need.
        let rate = [1000, 8, 2][dice.number(below: 3)]
        out.append(UInt8(ascii: "\""))
        var index = 0
        while index < units.count {
            let unit = units[index]
            let isPair =
                index + 1 < units.count && unit & 0xFC00 == 0xD800
                && units[index + 1] & 0xFC00 == 0xDC00
            let mustEscape =
                unit < 0x20 || unit == 0x22 || unit == 0x5C || (unit & 0xF800 == 0xD800 && !isPair)
            if !mustEscape, !dice.hits(oneIn: rate) {
                let count = isPair ? 2 : 1
                out += Array(String(decoding: units[index..<index + count], as: UTF16.self).utf8)
                index += count
                continue
            }
            if let letter = short[unit], !dice.hits(oneIn: 3) {
                out += Array("\\\(letter)".utf8)
            } else {
                var digits = String(unit, radix: 16, uppercase: dice.hits(oneIn: 2))
                digits = String(repeating: "0", count: 4 - digits.count) + digits
                out += Array("\\u\(digits)".utf8)
                if isPair {
                    out += Array("\\u\(String(units[index + 1], radix: 16))".utf8)
                    index += 1
                }
            }
            index += 1
        }
        out.append(UInt8(ascii: "\""))
    }
}
