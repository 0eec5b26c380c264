import Bytes
import JSON

// How plans are written.
extension AnswerReplay {
    mutating func add(_ text: StaticString) { add(step: .text(text)) }

    mutating func add(_ number: Int) { add(step: .number(number)) }

    /// A copy of a value.
    mutating func add(_ value: JSONValue, of document: borrowing JSONDocument) {
        add(step: .copy(document.range(of: value)))
    }

    /// A copy of `"name":value`, after a comma.
    mutating func add(commaAnd member: JSONMember, of document: borrowing JSONDocument) {
        add(",")
        add(member.key, of: document)
        add(":")
        add(member.value, of: document)
    }

    /// Groups of neighbouring elements of an array, commas and all, each small enough for one
    /// chunk; nil where there are more than may be planned.
    static func groups(
        of array: JSONValue, _ document: borrowing JSONDocument
    ) -> [Range<Int>]? {
        var groups: [Range<Int>] = []
        var elements = document.elements(of: array)
        while let element = elements.next() {
            let range = document.range(of: element)
            if let last = groups.last, range.upperBound - last.lowerBound <= listBytesMax {
                groups[groups.count - 1] = last.lowerBound..<range.upperBound
            } else if groups.count < stepsMax {
                groups.append(range)
            } else {
                return nil
            }
        }
        return groups
    }
}

extension JSONDocument {
    /// Whether `value` is there and null.
    func isNull(_ value: JSONValue?) -> Bool {
        value.map { kind(of: $0) == .null } ?? false
    }

    /// Whether `value` is there and a string.
    func isString(_ value: JSONValue?) -> Bool {
        value.map { kind(of: $0) == .string } ?? false
    }
}
