/// The module graph of the house, from the ground up: an import points at an earlier module.
enum Storeys {
    static let values = ["Bytes", "HTTP1", "W3CTraceContext"]
    static let drivers = [
        "Networking", "Crypto", "Compression", "JSON", "HTTPClient", "Redis", "YAML",
        "Platform",
    ]
    static let domain = [
        "Privacy", "Configuration", "OpenAIAPI", "HTTPServer", "Authentication", "Routing",
        "Caching",
        "Telemetry", "OTLP", "Upstream",
    ]
    static let house = [
        "Gateway", "MockProvider", "SemanticConventions", "MartletCommand", "AttributeTable",
    ]

    static let all = values + drivers + domain + house

    /// Each C module and the drivers that may import it: one, but for libuv, whose loop also
    /// drives curl.
    static let owners: [String: [String]] = [
        "CLibUV": ["Networking", "HTTPClient"],
        "CCurl": ["HTTPClient"],
        "CHiredis": ["Redis"],
        "COpenSSL": ["Crypto"],
        "CSimdjson": ["JSON"],
        "CYAML": ["YAML"],
        "CZlib": ["Compression"],
    ]

    /// Of the toolchain: small, and without a run time of their own.
    static let system: Set = ["Glibc", "Synchronization"]
}

extension Rule {
    static let modules: [Rule] = [imports, moduleNames, typeNames, access, documentation]

    private static let imports = Rule(
        name: "imports point down, and a C library is imported by its driver only",
        check: .swift { file in
            guard file.file.isShipped, let module = file.file.module,
                let storey = Storeys.all.firstIndex(of: module)
            else { return [] }
            return file.imports.compactMap { token, name in
                if name == "Foundation" || name.hasPrefix("Foundation") || name == "Dispatch" {
                    return file.finding(token, "\(name) multiplies the binary: Glibc will do")
                }
                if let owners = Storeys.owners[name] {
                    return owners.contains(module)
                        ? nil
                        : file.finding(
                            token, "\(name) belongs to \(owners.joined(separator: ", "))")
                }
                if Storeys.system.contains(name) { return nil }
                guard let other = Storeys.all.firstIndex(of: name) else {
                    return file.finding(token, "\(name) is no module of the house")
                }
                return other < storey
                    ? nil : file.finding(token, "\(module) may not import \(name): it is above")
            }
        },
        bad: [
            Example("import Gateway\n", at: "Sources/HTTP1/Example.swift"),
            Example("import Foundation\n"),
            Example("internal import FoundationEssentials\n"),
            Example("import CLibUV\n", at: "Sources/HTTPServer/Example.swift"),
            Example("import struct CCurl.curl_slist\n", at: "Sources/Networking/Example.swift"),
            Example("import NIOCore\n"),
        ],
        good: [
            Example("import Bytes\nimport Glibc\n"),
            Example("import CLibUV\nimport Networking\n", at: "Sources/CurlClient/Example.swift"),
            Example("import Foundation\n", at: "Tests/GatewayTests/Example.swift"),
        ])

    private static let moduleNames = Rule(
        name: "a module is in the plan of the house",
        check: .text { file in
            guard file.isShipped, let module = file.module, !Storeys.all.contains(module),
                Storeys.owners[module] == nil
            else { return [] }
            return [Finding(path: file.path, line: 1, message: "no storey lists \(module)")]
        },
        bad: [Example("", at: "Sources/Utils/Example.swift")],
        good: [Example("", at: "Sources/CLibUV/shim.h"), Example("")])

    private static let typeNames = Rule(
        name: "no type bears its module's name",
        check: .swift { file in
            guard file.file.isShipped, let module = file.file.module else { return [] }
            let kinds: Set = ["actor", "class", "enum", "protocol", "struct", "typealias"]
            return file.findings("a type named as its module hides the module") { index in
                kinds.contains(file.tokens[index].text) && file.text(index, 1) == module
            }
        },
        bad: [Example("package enum Gateway {}\n")],
        good: [Example("package enum GatewayError {}\nextension Gateway {}\n")])

    /// `Bytes` is public: the optimiser inlines across modules only what is, and its few lines are
    /// called hundreds of times a request. See the decision about it.
    private static let access = Rule(
        name: "nothing but Bytes is public, and tests see what others see",
        check: .swift { file in
            if file.file.module == "Bytes" { return [] }
            let words: Set = file.file.isShipped ? ["public", "open"] : ["@testable"]
            return file.findings("this ships a binary: internal, or package between modules") {
                words.contains(file.tokens[$0].text)
                    && (file.text($0) != "open" || file.text($0, 1) == "class")
            }
        },
        bad: [
            Example("public struct S {}\n"),
            Example("open class C {}\n"),
            Example("@testable import Bytes\n", at: "Tests/BytesTests/Example.swift"),
        ],
        good: [
            Example("package struct S {\n    func f() { open(path) } // public\n}\n"),
            Example("public struct S {}\n", at: "Sources/Bytes/Example.swift"),
        ])

    /// What a protocol of the standard library already documents; initialisers, which their
    /// type's comment and their labels do; and the names of attributes, which the semantic
    /// conventions do.
    private static let witnesses: Set = [
        "==", "<", "hash", "description", "debugDescription", "customMirror", "next",
        "makeIterator", "enqueue", "init", "AttributeKey",
    ]

    private static let documentation = Rule(
        name: "a package declaration has a documentation comment",
        check: .swift { file in
            guard file.file.isShipped else { return [] }
            return file.tokens.indices.compactMap { index in
                guard ["package", "public"].contains(file.tokens[index].text),
                    file.text(index, 1) != "import",
                    file.text(index, 1) != "(", file.text(index, -1) != "."
                else { return nil }
                let rest = file.tokens[index...].prefix(6).map(\.text)
                if !witnesses.isDisjoint(with: rest) || rest.contains("=") && rest.contains("func")
                {
                    return nil
                }
                return file.isDocumented(line: file.tokens[index].line)
                    ? nil : file.finding(file.tokens[index], "says not what it is")
            }
        },
        bad: [
            Example("package func f() {}\n"),
            Example("// Not for readers.\n@inlinable\npackage var x: Int { 1 }\n"),
            Example("/// Documented.\n\npackage let y = 1\n"),
            Example("    @inlinable static package func g() {}\n"),
            Example("package let x = 1\npackage let y = 2\n"),
            Example("/// Documented.\npackage let x = 1\npackage func f() {}\n"),
        ],
        good: [
            Example("/// Both ends.\npackage let x = 1\npackage private(set) var y = 2\n"),
            Example("package init(name: String) {}\n"),
            Example("/// What it is.\npackage func f() {}\n"),
            Example("/// What it is.\n@inlinable\n@_lifetime(borrow self)\npackage func f() {}\n"),
            Example("package static func == (a: S, b: S) -> Bool { true }\n"),
            Example("package import Bytes\n"),
        ])
}

extension SwiftFile {
    /// Each imported module, with the token of the keyword.
    var imports: [(Token, String)] {
        let kinds: Set = ["class", "enum", "func", "let", "protocol", "struct", "typealias", "var"]
        return tokens.indices.compactMap { index in
            guard tokens[index].text == "import", tokens[index].kind == .word else { return nil }
            return (tokens[index], text(index, kinds.contains(text(index, 1)) ? 2 : 1))
        }
    }

    /// A `///` line stands above the declaration, attributes aside, or above the run of
    /// properties, a line each, that the declaration is in.
    func isDocumented(line: Int) -> Bool {
        var index = line - 2
        var open = 0
        while index >= 0 {
            let text = file.lines[index].drop { $0 == " " }
            open += text.count { $0 == ")" } - text.count { $0 == "(" }
            if text.hasPrefix("///") { return true }
            if open == 0, isProperty(line: line), isProperty(line: index + 1) {
                index -= 1
                continue
            }
            guard text.hasPrefix("@") || open > 0 else { return false }
            if text.hasPrefix("@") { open = 0 }
            index -= 1
        }
        return false
    }

    /// The line declares a property for other modules, and nothing more.
    private func isProperty(line: Int) -> Bool {
        let text = file.lines[line - 1].drop { $0 == " " }
        let words = text.split(separator: " ").prefix(4)
        return text.hasPrefix("package ") && (words.contains("let") || words.contains("var"))
    }
}
