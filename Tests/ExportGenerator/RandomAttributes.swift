import Bytes
import Telemetry

/// Attributes that are set, and what is to become of them: the last value of a key wins, what is
/// over the limit or has an impossible key is counted.
struct RandomAttributes {
    private static let texts = [AttributeKey<String>("t.0"), AttributeKey("text.one"), .init("k")]
    private static let ints = [AttributeKey<Int>("i.0"), AttributeKey("gen_ai.request.seed")]
    private static let doubles = [AttributeKey<Double>("d.0"), AttributeKey("d.1")]
    private static let bools = [AttributeKey<Bool>("b.0"), AttributeKey("b.1")]
    private static let lists = [AttributeKey<[String]>("l.0"), AttributeKey("k")]
    private static let contents = [
        GenAIAttributes.inputMessages, GenAIAttributes.outputMessages,
    ]

    private let limits: SpanLimits
    private var all = ExpectedAttributes()
    private var content: Set<[UInt8]> = []

    init(limits: SpanLimits) {
        self.limits = limits
    }

    func expected(withContent: Bool) -> ExpectedAttributes {
        var result = all
        if !withContent { for name in content { result.values[name] = nil } }
        return result
    }

    /// One more attribute of a span.
    mutating func step(_ record: SpanRecord, isLive: Bool, _ choices: inout Choices) {
        let before = self
        switch choices.below(9) {
        case 0: set(record, Self.texts[choices.below(3)], choices.text())
        case 1:
            let (key, value) = (Self.ints[choices.below(2)], Int(bitPattern: UInt(choices.word())))
            record.set(key, value)
            set("\(key.name)", .int(value))
        case 2:
            let (key, value) = (Self.doubles[choices.below(2)], choices.double())
            record.set(key, value)
            set("\(key.name)", .double(value))
        case 3:
            let (key, value) = (Self.bools[choices.below(2)], choices.below(2) == 0)
            record.set(key, value)
            set("\(key.name)", .bool(value))
        case 4:
            let (key, value) = (Self.lists[choices.below(2)], strings(&choices))
            record.set(key, value)
            set("\(key.name)", .strings(value.map { cut(Array($0.utf8)) }))
        case 5:
            let (key, element) = (Self.lists[choices.below(2)], choices.text())
            record.append(key, element.span)
            append("\(key.name)", element)
        case 6:
            let (key, json) = (Self.contents[choices.below(2)], Self.json(&choices))
            record.setContent(key, json: json.span)
            set("\(key.name)", .string(String(decoding: json, as: UTF8.self)), isContent: true)
        default:
            let (key, value) = (key(&choices), choices.text())
            record.set(dynamicKey: key.span, value.span)
            // A key that is no UTF-8 is an impossible one.
            set(bytes: Text.isValid(key.span) ? key : [], .string(cut(value)))
        }
        if !isLive { self = before }
    }

    private mutating func set(_ record: SpanRecord, _ key: AttributeKey<String>, _ text: [UInt8]) {
        record.set(key, text.span)
        set("\(key.name)", .string(cut(text)))
    }

    /// One more attribute of an event.
    mutating func step(_ arena: inout AttributeArena, _ choices: inout Choices) {
        let key = "e\(choices.below(3))"
        switch choices.below(5) {
        case 0:
            let value = choices.text()
            arena.set(key.utf8.span, string: value.span)
            set(key, .string(cut(value)))
        case 1:
            let value = Int(bitPattern: UInt(choices.word()))
            arena.set(key.utf8.span, int: value)
            set(key, .int(value))
        case 2:
            let value = choices.double()
            arena.set(key.utf8.span, double: value)
            set(key, .double(value))
        case 3:
            let value = choices.below(2) == 0
            arena.set(key.utf8.span, bool: value)
            set(key, .bool(value))
        default:
            let element = choices.text()
            arena.append(key.utf8.span, element: element.span)
            append(key, element)
        }
    }

    private mutating func set(_ key: String, _ value: ExpectedValue, isContent: Bool = false) {
        set(bytes: Array(key.utf8), value, isContent: isContent)
    }

    private mutating func set(
        bytes key: [UInt8], _ value: ExpectedValue, isContent: Bool = false
    ) {
        guard !key.isEmpty, key.count <= AttributeArena.keyBytesMax,
            all.values[key] != nil || all.values.count < limits.attributeCountMax
        else {
            all.droppedCount += 1
            return
        }
        all.values[key] = value
        if isContent { content.insert(key) } else { content.remove(key) }
    }

    private mutating func append(_ key: String, _ element: [UInt8]) {
        var elements: [String] = []
        if case .strings(let before) = all.values[Array(key.utf8)] { elements = before }
        set(key, .strings(elements + [cut(element)]))
    }

    /// What stays of a text.
    private func cut(_ text: [UInt8]) -> String {
        guard limits.valueCharactersMax < .max else { return String(decoding: text, as: UTF8.self) }
        var buffer = ByteBuffer()
        Text.append(
            text.span, charactersMax: limits.valueCharactersMax, bytesMax: limits.valueBytesMax,
            to: &buffer)
        return String(decoding: buffer.bytes)
    }

    private func strings(_ choices: inout Choices) -> [String] {
        (0..<choices.below(4)).map { _ in String(decoding: choices.text(), as: UTF8.self) }
    }

    /// Keys of which some are those of other types, some too long, some no UTF-8.
    private func key(_ choices: inout Choices) -> [UInt8] {
        switch choices.below(4) {
        case 0: choices.text()
        case 1: Array(["k", "t.0", "i.0", "l.0", "c.0"][choices.below(5)].utf8)
        case 2: Array("metadata.\(choices.below(4))".utf8)
        default: Array(repeating: 0x61, count: 250 + choices.below(10))
        }
    }

    private static func json(_ choices: inout Choices) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.append("[{\"content\":")
        buffer.append(jsonString: String(decoding: choices.text(), as: UTF8.self).utf8.span)
        buffer.append("}]")
        return buffer.bytes.indices.map { buffer.bytes[$0] }
    }
}
