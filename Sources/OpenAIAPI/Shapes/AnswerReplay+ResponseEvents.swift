import Bytes
import JSON

// How the events of a response are planned.
extension AnswerReplay {
    /// What the events of one part of an item name: the item, and the part's place in it.
    struct Place {
        let id: JSONValue
        let item: Int
        var part: (name: StaticString, index: Int)?
    }

    mutating func begin(event name: StaticString) {
        add("event: ")
        add(name)
        add("\ndata: {\"type\":\"")
        add(name)
        add("\",\"sequence_number\":")
        add(step: .sequence)
    }

    mutating func add(_ place: Place, of document: borrowing JSONDocument) {
        add(",\"item_id\":")
        add(place.id, of: document)
        add(",\"output_index\":")
        add(place.item)
        guard let part = place.part else { return }
        add(",\"")
        add(part.name)
        add("\":")
        add(part.index)
    }

    /// An item as it begins.
    mutating func addItem(
        _ item: JSONValue, _ place: Place, _ document: borrowing JSONDocument,
        with replacements: [(StaticString, StaticString)]
    ) {
        begin(event: "response.output_item.added")
        add(",\"output_index\":")
        add(place.item)
        add(",\"item\":")
        add(item, of: document, with: replacements)
        add("}\n\n")
    }

    mutating func addPart(
        _ part: JSONValue, _ place: Place, _ document: borrowing JSONDocument,
        event: StaticString, with replacements: [(StaticString, StaticString)]
    ) {
        begin(event: event)
        add(place, of: document)
        add(",\"part\":")
        add(part, of: document, with: replacements)
        add("}\n\n")
    }

    mutating func planDeltas(
        _ text: JSONValue, _ place: Place, _ document: borrowing JSONDocument,
        event: StaticString, closing: StaticString
    ) {
        guard let contents = document.contents(of: text), !contents.isEmpty else { return }
        let start = steps.count
        begin(event: event)
        add(place, of: document)
        add(",\"delta\":\"")
        add(step: .slice(contents))
        add(closing)
        add(step: .again(start))
    }

    /// A copy of an object in which some members that it has are other than in the end.
    mutating func add(
        _ object: JSONValue, of document: borrowing JSONDocument,
        with replacements: [(StaticString, StaticString)]
    ) {
        guard !replacements.isEmpty else { return add(object, of: document) }
        add("{")
        var isFirst = true
        var members = document.members(of: object)
        while let member = members.next() {
            if !isFirst { add(",") }
            isFirst = false
            add(member.key, of: document)
            add(":")
            if let index = replacements.firstIndex(where: {
                document.string(member.key, equals: $0.0)
            }) {
                add(replacements[index].1)
            } else {
                add(member.value, of: document)
            }
        }
        add("}")
    }
}
