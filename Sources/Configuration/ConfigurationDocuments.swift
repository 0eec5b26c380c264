/// The texts made of `SettingsTable`: committed, and compared by a test.
package enum ConfigurationDocuments {
    private static let lineWidth = 98

    /// `config/martlet.yaml`: every key with its default, commented out.
    package static func exampleFile() -> String {
        var text = """
            # Martlet's configuration: every key with its default.
            #
            # A line counts once its `#` is taken off. `martlet check --config FILE` says what is
            # wrong with a file. Environment variables win over it; they stand beside each key.
            # Sizes are written 1000, 64KiB, 32MiB, 1GiB, times 500ms, 10s, 2m, 1h; secrets are
            # env:NAME or file:PATH, never the secret itself.
            #
            # Generated: change Sources/Configuration/SettingsTable.swift or Settings.swift, then
            # run the tests with MARTLET_UPDATE_GOLDENS=1.

            """
        for key in SettingsTable.keys where key.section == nil {
            text += "\n" + example(of: key, indent: "")
        }
        for section in SettingsTable.sections {
            text += "\n# \(section.doc)\n\(section.name):\n"
            let keys = SettingsTable.keys.filter { $0.section == section.name }
            text += keys.map { example(of: $0, indent: "  ") }.joined(separator: "\n")
        }
        return text
    }

    /// `Gateway.docc/Configuration.md`: the reference.
    package static func referencePage() -> String {
        var text = """
            # Configuration

            Every key of the configuration file, its variable, default and range. No file is \
            needed.

            <!-- Generated: change Sources/Configuration, then run the tests with \
            MARTLET_UPDATE_GOLDENS=1. -->

            The file is YAML, named by `--config FILE` or `MARTLET_CONFIG`. Smallest useful one:

            ```yaml
            listener:
              address: 0.0.0.0:8787
            upstream:
              apiKey: env:OPENAI_API_KEY
            keys:
              clientKeys: [file:/run/secrets/client-keys]
            ```

            * What wins: a command-line flag, then the key's own variable, then a short variable, \
            then the file, then the default. An empty variable counts as unset.
            * Everything wrong is reported at once, with file, line and column, and nothing \
            starts (exit code 2): unknown and repeated keys, wrong types, values out of range.
            * Sizes are bytes: `1000`, `64KiB`, `32MiB`, `1GiB`. Times need a unit: `500ms`, \
            `10s`, `2m`, `1h`. `off` takes a limit away where the type says so.
            * Secrets are `env:NAME` or `file:PATH` (one newline at the end is dropped); a file \
            never holds one itself. In a variable the value is the secret, or such a reference. \
            They print as `<redacted>`.
            * In a variable a list is separated by commas.
            * Anchors, aliases, merge keys, tags and a second document are refused.
            * With a provider key configured (`OPENAI_API_KEY` counts), a listener that is not \
            loopback and no client keys, the process does not start: strangers would spend the \
            key. `upstream.apiKey: none` leaves `OPENAI_API_KEY` alone.


            """
        text += "## Top level\n\n" + table(SettingsTable.keys.filter { $0.section == nil })
        for section in SettingsTable.sections {
            text += "\n## `\(section.name)`\n\n\(section.doc)\n\n"
            text += table(SettingsTable.keys.filter { $0.section == section.name })
        }
        return text + "\n" + telemetryVariables()
    }

    /// A key's comment and line.
    private static func example(of key: SettingKey, indent: String) -> String {
        let names = ([key.variable] + key.shortVariables).joined(separator: " or ")
        var facts = [key.type.name, key.type.range].compactMap(\.self).joined(separator: ", ")
        var value = standardText(of: key)
        if let example = key.example, value == nil {
            value = example
            facts +=
                key.fallbackVariable.map { "; default: \($0), if set" } ?? "; not set by default"
        }
        return comment(key.doc, indent) + comment("\(facts); \(names)", indent)
            + "\(indent)#\(key.name): \(value ?? "")\n"
    }

    /// The default as the file would hold it; nil: there is none.
    private static func standardText(of key: SettingKey) -> String? {
        let value = key.valueText(in: Settings())
        let isNothing = value == "[]" || (value == "none" && key.example != nil)
        return key.fallbackVariable == nil && !isNothing ? value : nil
    }

    /// `text` as comment lines of at most `lineWidth` columns.
    private static func comment(_ text: String, _ indent: String) -> String {
        var lines: [String] = []
        var line = "\(indent)#"
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > lineWidth {
                lines.append(line)
                line = "\(indent)#"
            }
            line += " " + word
        }
        return (lines + [line]).joined(separator: "\n") + "\n"
    }

    private static func table(_ keys: [SettingKey]) -> String {
        var text = "| key | default | type | variable | what it does |\n|---|---|---|---|---|\n"
        for key in keys {
            let names = ([key.variable] + key.shortVariables).map { "`\($0)`" }
            let type = [key.type.name, key.type.range].compactMap(\.self).joined(separator: ", ")
            text += "| `\(key.name)` | \(standard(of: key)) | \(type) | "
            text += "\(names.joined(separator: ", ")) | \(key.doc) |\n"
        }
        return text
    }

    private static func standard(of key: SettingKey) -> String {
        if let value = standardText(of: key) { return "`\(value)`" }
        return key.fallbackVariable.map { "`\($0)`, if set" } ?? "not set"
    }
}
