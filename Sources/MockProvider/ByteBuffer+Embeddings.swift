import Bytes
import JSON

extension ByteBuffer {
    /// Appends a vector for each input, as numbers or as base64 of little-endian floats.
    mutating func appendEmbeddings(_ call: MockCall) {
        append(#"{"object":"list","data":["#)
        for (index, seed) in call.inputSeeds.enumerated() {
            if index > 0 { append(",") }
            append(#"{"object":"embedding","index":"#)
            append(decimal: index)
            append(#","embedding":"#)
            appendVector(seed: seed, call)
            append("}")
        }
        append(#"],"model":"#)
        append(jsonString: call.model)
        append(#","usage":{"prompt_tokens":"#)
        append(decimal: call.promptTokens)
        append(#","total_tokens":"#)
        append(decimal: call.promptTokens)
        append("}}")
    }

    private mutating func appendVector(seed: UInt64, _ call: MockCall) {
        var state = seed
        guard call.isBase64 else {
            append("[")
            for index in 0..<call.dimensions {
                if index > 0 { append(",") }
                append(jsonNumber: Double(Self.component(&state)))
            }
            return append("]")
        }
        var bytes = ByteBuffer(capacity: call.dimensions * 4)
        for _ in 0..<call.dimensions {
            let bits = Self.component(&state).bitPattern
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift)))
            }
        }
        append("\"")
        append(base64: bytes.bytes)
        append("\"")
    }

    /// A multiple of 2^-16 from -0.5 to 0.5: exact as a float and short as a number.
    private static func component(_ state: inout UInt64) -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int(state >> 48) - 0x8000) / 0x1_0000
    }

    /// Appends base64 with padding (RFC 4648 section 4).
    mutating func append(base64 bytes: Span<UInt8>) {
        let alphabet: StaticString =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            var group = UInt32(bytes[index]) << 16
            if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if left > 2 { group |= UInt32(bytes[index + 2]) }
            for digit in 0..<4 {
                let value = Int(group >> UInt32(18 - 6 * digit) & 63)
                append(digit <= left ? alphabet.bytes[value] : UInt8(ascii: "="))
            }
            index += 3
        }
    }
}
