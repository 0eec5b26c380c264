/// What a key's value may be: how it is read, checked, stored and shown.
struct SettingType: Sendable {
    typealias Path<Value> = any WritableKeyPath<Settings, Value> & Sendable
    typealias Parse<Value> = @Sendable (String, ValueSource) throws(ValueProblem) -> Value

    /// What a plain YAML scalar must look like, quoted ones being text.
    enum Form: Sendable {
        /// `true` or a number must be quoted to be meant as text.
        case text
        /// Quotes make it the wrong type.
        case boolean, number
        /// A word, a size, a time: quotes do not matter.
        case word
    }

    /// As the reference shows it.
    let name: String
    /// As the reference shows it; nil: any.
    let range: String?
    let form: Form
    /// Takes a sequence; one scalar stands for a sequence of one.
    var isList = false
    /// Values are never shown.
    var isSecret = false
    /// An item can be a mapping with these keys, which `Record` reads; empty: a scalar only.
    var members: [String] = []
    /// Stores values; answers what is wrong with which of them.
    let assign: @Sendable (inout Settings, [String], ValueSource) -> [(Int, ValueProblem)]
    /// The values in `Settings` as text; nil: not set.
    let render: @Sendable (Settings) -> [String]?
}

/// Where a value came from, and what resolving a secret takes.
struct ValueSource {
    /// Values of a file are checked more strictly, and hold secrets by reference only.
    let isFile: Bool
    let environment: [String: String]
    let readFile: (String) throws -> String
}

extension SettingType {
    /// One value, never absent.
    static func one<Value: Sendable>(
        _ path: Path<Value>, name: String, range: String? = nil, form: Form = .word,
        parse: @escaping Parse<Value>, text: @escaping @Sendable (Value) -> String
    ) -> SettingType {
        SettingType(
            name: name, range: range, form: form,
            assign: { settings, values, source in
                do throws(ValueProblem) {
                    settings[keyPath: path] = try parse(values[0], source)
                    return []
                } catch {
                    return [(0, error)]
                }
            },
            render: { [text($0[keyPath: path])] })
    }

    /// One value, or none: written as `word`, or by default only where there is no word.
    static func optional<Value: Sendable>(
        _ path: Path<Value?>, name: String, range: String? = nil, none word: String? = nil,
        form: Form = .word, parse: @escaping Parse<Value>,
        text: @escaping @Sendable (Value) -> String
    ) -> SettingType {
        SettingType(
            name: word.map { "\(name) or `\($0)`" } ?? name, range: range, form: form,
            assign: { settings, values, source in
                do throws(ValueProblem) {
                    settings[keyPath: path] =
                        values[0] == word ? nil : try parse(values[0], source)
                    return []
                } catch {
                    return [(0, error)]
                }
            },
            render: { settings in
                if let value = settings[keyPath: path] { return [text(value)] }
                return word.map { [$0] }
            })
    }

    /// Any number of values; one written value may stand for several.
    static func list<Element: Sendable & Equatable>(
        _ path: Path<[Element]>, name: String, isEmptyAllowed: Bool = true,
        parse: @escaping Parse<[Element]>, text: @escaping @Sendable (Element) -> String
    ) -> SettingType {
        SettingType(
            name: name, range: nil, form: .word, isList: true,
            assign: { settings, values, source in
                var elements: [Element] = []
                var problems: [(Int, ValueProblem)] = []
                for (index, value) in values.enumerated() {
                    do throws(ValueProblem) {
                        for element in try parse(value, source) where !elements.contains(element) {
                            elements.append(element)
                        }
                    } catch {
                        problems.append((index, error))
                    }
                }
                if values.isEmpty, !isEmptyAllowed {
                    return [(0, ValueProblem("is empty; at least one is needed"))]
                }
                if problems.isEmpty { settings[keyPath: path] = elements }
                return problems
            },
            render: { $0[keyPath: path].map(text) })
    }
}

extension SettingType {
    /// `true` or `false`.
    static func boolean(_ path: Path<Bool>) -> SettingType {
        one(
            path, name: "boolean", form: .boolean,
            parse: { text, source throws(ValueProblem) in
                switch source.isFile ? text : text.lowercased() {
                case "true": return true
                case "false": return false
                default: throw ValueProblem("is \(quoted(text)), not true or false")
                }
            },
            text: { $0 ? "true" : "false" })
    }

    /// One of an enumeration's words.
    /// `others` are further words for the same, which the reference does not name.
    static func choice<Value>(
        _ path: Path<Value>, others: [String: Value] = [:]
    ) -> SettingType
    where Value: RawRepresentable<String> & CaseIterable & Sendable {
        let words = Value.allCases.map(\.rawValue)
        return one(
            path, name: words.map { "`\($0)`" }.joined(separator: ", "),
            parse: { text, source throws(ValueProblem) in
                let word = source.isFile ? text : text.lowercased()
                if let value = Value(rawValue: word) ?? others[word] { return value }
                throw ValueProblem(
                    "is \(quoted(text)), not one of " + words.joined(separator: ", "),
                    suggestion: NearestName.of(text, among: words))
            },
            text: { $0.rawValue })
    }

    /// A whole number.
    static func count(_ path: Path<Int>, _ range: ClosedRange<Int>) -> SettingType {
        one(
            path, name: "whole number", range: text(range) { String($0) }, form: .number,
            parse: { text, _ throws(ValueProblem) in
                try checked(Measures.count(text), range) { String($0) }
            },
            text: { String($0) })
    }

    /// A whole number or a word for none.
    static func count(
        _ path: Path<Int?>, _ range: ClosedRange<Int>, none word: String
    ) -> SettingType {
        optional(
            path, name: "whole number", range: text(range) { String($0) }, none: word,
            form: .number,
            parse: { text, _ throws(ValueProblem) in
                try checked(Measures.count(text), range) { String($0) }
            },
            text: { String($0) })
    }

    /// A size.
    static func bytes(_ path: Path<Int>, _ range: ClosedRange<Int>) -> SettingType {
        one(
            path, name: "size", range: text(range) { Measures.text(bytes: $0) },
            parse: { text, _ throws(ValueProblem) in
                try checked(Measures.bytes(text), range) { Measures.text(bytes: $0) }
            },
            text: { Measures.text(bytes: $0) })
    }

    /// A size or `off`.
    static func bytes(_ path: Path<Int?>, _ range: ClosedRange<Int>) -> SettingType {
        optional(
            path, name: "size", range: text(range) { Measures.text(bytes: $0) }, none: "off",
            parse: { text, _ throws(ValueProblem) in
                try checked(Measures.bytes(text), range) { Measures.text(bytes: $0) }
            },
            text: { Measures.text(bytes: $0) })
    }

    /// A time.
    static func duration(_ path: Path<Duration>, _ range: ClosedRange<Duration>) -> SettingType {
        one(
            path, name: "duration", range: text(range) { Measures.text($0) },
            parse: { text, _ throws(ValueProblem) in
                try checked(Measures.duration(text), range) { Measures.text($0) }
            },
            text: { Measures.text($0) })
    }

    /// A time or `off`.
    static func duration(_ path: Path<Duration?>, _ range: ClosedRange<Duration>) -> SettingType {
        optional(
            path, name: "duration", range: text(range) { Measures.text($0) }, none: "off",
            parse: { text, _ throws(ValueProblem) in
                try checked(Measures.duration(text), range) { Measures.text($0) }
            },
            text: { Measures.text($0) })
    }

    private static func checked<Value>(
        _ value: Value, _ range: ClosedRange<Value>, _ show: (Value) -> String
    ) throws(ValueProblem) -> Value {
        if range.contains(value) { return value }
        throw ValueProblem("is \(show(value)); the range is \(text(range, show))")
    }

    private static func text<Value>(
        _ range: ClosedRange<Value>, _ show: (Value) -> String
    ) -> String {
        "\(show(range.lowerBound)) to \(show(range.upperBound))"
    }
}
