import Networking
import Platform

/// Lines and colours of the demo on standard output.
struct DemoScreen {
    /// Escape codes are wanted.
    let hasColours: Bool

    /// Prints a line.
    func line(_ text: String = "") {
        part(text + "\n")
    }

    /// Prints a part of a line. Where nobody reads any more, as behind `| head`, the demo ends.
    func part(_ text: String) {
        if !DescriptorOutput.standardOutput.writeAll(text.utf8.span) { Termination.exit(0) }
    }

    /// Prints a heading with a blank line before and after it.
    func title(_ text: String) {
        line("\n\(bold(text))\n")
    }

    /// Prints a line of what is sent.
    func request(_ text: String) {
        line("\(dim(">")) \(text)")
    }

    /// Prints a line of what came back.
    func answer(_ text: String) {
        line("\(dim("<")) \(text)")
    }

    func bold(_ text: String) -> String { styled("1", text) }
    func dim(_ text: String) -> String { styled("2", text) }
    func red(_ text: String) -> String { styled("1;31", text) }
    func green(_ text: String) -> String { styled("32", text) }
    func cyan(_ text: String) -> String { styled("36", text) }

    private func styled(_ code: String, _ text: String) -> String {
        hasColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
