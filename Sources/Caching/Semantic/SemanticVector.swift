import JSON

/// The direction in which a text lies: an embedding of length 1, in whole lanes. Immutable.
///
/// The first quarter of it is the head. A cosine is at most the product of the heads plus that of
/// the lengths of the tails (Cauchy-Schwarz), so most tails need not be read, and nothing is
/// approximated.
package final class SemanticVector: Sendable {
    typealias Lane = SIMD16<Float>

    /// Dimensions at most: no embedding has so many.
    package static let dimensionsMax = 16_384
    /// What sums of products of `Float` may be wrong by.
    static let slack: Float = 1e-5

    /// Numbers of the embedding, without the zeros that fill its last lane.
    package let dimensions: Int
    private let lanes: [Lane]
    private let headCount: Int
    /// The length of what is behind the head.
    private let tailLength: Float

    /// The direction of `values`. nil where they have none: no values, too many, one that is no
    /// number or is infinite, or zeros alone.
    package init?(_ values: [Float]) {
        guard (1...Self.dimensionsMax).contains(values.count) else { return nil }
        var sum = 0.0
        for value in values { sum += Double(value) * Double(value) }
        let length = sum.squareRoot()
        guard length.isFinite, length > 0 else { return nil }
        let width = Lane.scalarCount
        var lanes = [Lane](repeating: .zero, count: (values.count + width - 1) / width)
        for index in values.indices {
            lanes[index / width][index % width] = Float(Double(values[index]) / length)
        }
        dimensions = values.count
        headCount = (lanes.count + 3) / 4
        let tail = lanes[headCount...].reduce(Float(0)) { $0 + ($1 * $1).sum() }
        tailLength = tail.squareRoot()
        self.lanes = lanes
    }

    /// The embedding of an answer for one input (`data[0].embedding`, an array of numbers); nil
    /// where it holds none, or one without direction.
    package convenience init?(answer document: borrowing JSONDocument) {
        guard let data = document.value("data", of: document.root) else { return nil }
        var items = document.elements(of: data)
        guard let item = items.next(), items.next() == nil,
            let embedding = document.value("embedding", of: item),
            document.kind(of: embedding) == .array
        else { return nil }
        var values: [Float] = []
        values.reserveCapacity(3072)
        var numbers = document.elements(of: embedding)
        while let number = numbers.next() {
            guard values.count < Self.dimensionsMax, let value = document.double(number) else {
                return nil
            }
            values.append(Float(value))
        }
        self.init(values)
    }

    /// Bytes it takes in memory.
    var cost: Int { lanes.count * MemoryLayout<Lane>.stride + 96 }

    /// The cosine of both, where it is at least `threshold`; nil also where their dimensions
    /// differ, as such cannot be compared.
    package func similarity(to other: SemanticVector, atLeast threshold: Float) -> Float? {
        guard dimensions == other.dimensions else { return nil }
        let head = Self.product(lanes, other.lanes, 0..<headCount)
        guard head + tailLength * other.tailLength + Self.slack >= threshold else { return nil }
        let cosine = head + Self.product(lanes, other.lanes, headCount..<lanes.count)
        guard cosine + Self.slack >= threshold else { return nil }
        return min(cosine, 1)
    }

    /// Two sums side by side: an addition need not wait for the one before it.
    @inline(__always)
    private static func product(_ left: [Lane], _ right: [Lane], _ range: Range<Int>) -> Float {
        let left = left.span.extracting(range)
        let right = right.span.extracting(range)
        var even = Lane.zero
        var odd = Lane.zero
        var index = 0
        while index + 1 < left.count {
            even += left[index] * right[index]
            odd += left[index + 1] * right[index + 1]
            index += 2
        }
        if index < left.count { even += left[index] * right[index] }
        return (even + odd).sum()
    }
}
