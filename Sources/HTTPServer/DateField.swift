import Bytes

/// A `Date` field as it is sent, and the second since 1970 that it tells: one serves all responses
/// of a second.
struct DateField: ~Copyable {
    var second = Int.min
    var line = ByteBuffer()
}
