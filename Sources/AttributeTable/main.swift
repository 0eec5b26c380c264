import Networking
import Platform

// The generator: AttributeTable names|facts ATTRIBUTES SPANS prints one of the two Swift files.

/// The text asked for, or the reason why there is none.
func run(_ arguments: [String]) -> (output: String, code: Int32) {
    guard arguments.count == 4, ["names", "facts"].contains(arguments[1]) else {
        return ("usage: AttributeTable names|facts ATTRIBUTES SPANS\n", 2)
    }
    do {
        let table = try ConventionTable(
            attributes: String(decoding: try FileContents.read(arguments[2]), as: UTF8.self),
            spans: String(decoding: try FileContents.read(arguments[3]), as: UTF8.self))
        return (arguments[1] == "names" ? table.names : table.facts, 0)
    } catch {
        return ("\(error)\n", 1)
    }
}

let (output, code) = run(CommandLine.arguments)
let destination: DescriptorOutput = code == 0 ? .standardOutput : .standardError
destination.writeAll(output.utf8.span)
Termination.exit(code)
