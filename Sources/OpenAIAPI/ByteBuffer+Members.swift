import Bytes
import JSON

extension ByteBuffer {
    /// Appends a comma, unless an object or array was just opened or nothing stands here.
    mutating func separate() {
        guard !isEmpty else { return }
        let last = bytes[count - 1]
        switch last {
        case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ":"), UInt8(ascii: ","): break
        default: append(UInt8(ascii: ","))
        }
    }

    /// Appends a name of an object, after a comma where one is due.
    mutating func append(key: StaticString) {
        separate()
        append(UInt8(ascii: "\""))
        append(key)
        append("\":")
    }

    /// Appends a member whose value is a literal that needs no escaping.
    mutating func append(key: StaticString, string: StaticString) {
        append(key: key)
        append(UInt8(ascii: "\""))
        append(string)
        append(UInt8(ascii: "\""))
    }

    /// Appends a member whose value is a number.
    mutating func append(key: StaticString, number: Int) {
        append(key: key)
        append(decimal: number)
    }
}
