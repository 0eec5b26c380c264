/// A string literal of Swift.
func quoted(_ text: String) -> String {
    var result = "\""
    for character in text {
        if character == "\"" || character == "\\" { result.append("\\") }
        result.append(character)
    }
    return result + "\""
}

/// Text of a Swift file, a line at a time.
struct SwiftText {
    /// A line's end.
    static let columnsMax = 100

    private(set) var text = """
        // Made by script/semconv from Sources/AttributeTable/{attributes,spans}.yaml: edit those.
        // swift-format-ignore-file


        """

    mutating func line(_ line: String = "") {
        text += line + "\n"
    }

    /// A documentation comment, broken where the line is full.
    mutating func comment(_ comment: String, indent: String) {
        var current = indent + "///"
        for word in comment.split(separator: " ") {
            if current.count + 1 + word.count > Self.columnsMax {
                line(current)
                current = indent + "///"
            }
            current += " " + word
        }
        line(current)
    }
}
