import Testing

/// What `/metrics` says: a small reader of Prometheus' text format, for labels without commas.
struct Exposition {
    struct Sample {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    let text: String
    let samples: [Sample]

    /// Asks a gateway on a connection of its own.
    init(_ gateway: TestGateway, _ fields: [String] = []) throws {
        let response = try #require(try gateway.answer(to: Wire.get("/metrics", fields)))
        #expect(response.status == 200)
        text = response.text
        samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap(Self.sample)
    }

    private static func sample(_ line: Substring) -> Sample? {
        let line = line.split(separator: " # ")[0]
        guard let space = line.lastIndex(of: " "),
            let value = Double(line[line.index(after: space)...])
        else { return nil }
        let series = line[..<space]
        let parts = series.split(separator: "{", maxSplits: 1)
        var labels: [String: String] = [:]
        for pair in parts.count > 1 ? parts[1].dropLast().split(separator: ",") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1)
            labels[String(sides[0])] = String(sides[1].dropFirst().dropLast())
        }
        return Sample(name: String(parts[0]), labels: labels, value: value)
    }

    /// The sum of the samples of that name that have these labels; nil where there are none.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let found = samples.filter { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0] == $1 }
        }
        return found.isEmpty ? nil : found.reduce(0) { $0 + $1.value }
    }

    /// The labels of the only series of that name.
    func labels(_ name: String) throws -> [String: String] {
        let found = samples.filter { $0.name == name }
        #expect(found.count == 1)
        return try #require(found.first).labels
    }

    /// The values a label has anywhere.
    func values(of label: String) -> Set<String> {
        Set(samples.compactMap { $0.labels[label] })
    }
}
