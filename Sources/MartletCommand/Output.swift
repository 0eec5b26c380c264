import Bytes
import Networking

/// What the program prints itself; the log is another matter.
enum Output {
    /// Prints a line to standard output.
    static func line(_ text: String) {
        write(text, to: .standardOutput)
    }

    /// Prints a line to standard error.
    static func error(_ text: String) {
        write(text, to: .standardError)
    }

    private static func write(_ text: String, to output: DescriptorOutput) {
        let line = text + "\n"
        output.writeAll(line.utf8.span)
    }
}
