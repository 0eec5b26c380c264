/// Finds what a misspelt name was meant to be.
package enum NearestName {
    /// The candidate with the fewest edits, if they are few for its length, else one that is a
    /// part of the name or the other way round; case is free.
    package static func of(_ name: String, among candidates: [String]) -> String? {
        guard name.count <= 64 else { return nil }
        let allowed = max(1, name.count / 3)
        let measured = candidates.map { (name: $0, edits: distance(name, $0)) }
        if let best = measured.min(by: { $0.edits < $1.edits }), best.edits <= allowed {
            return best.name
        }
        return candidates.first { isPart($0, of: name) || isPart(name, of: $0) }
    }

    /// `part` is the front or the end of `whole`, and long enough to tell something.
    private static func isPart(_ part: String, of whole: String) -> Bool {
        let (part, whole) = (part.lowercased(), whole.lowercased())
        return part.count >= 3 && (whole.hasPrefix(part) || whole.hasSuffix(part))
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
    static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first.lowercased().utf8)
        let b = Array(second.lowercased().utf8)
        var beforePrevious: [Int] = []
        var previous = Array(0...b.count)
        for i in 0..<a.count {
            var current = [i + 1]
            for j in 0..<b.count {
                var edits = min(
                    previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    edits = min(edits, beforePrevious[j - 1] + 1)
                }
                current.append(edits)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[b.count]
    }
}
