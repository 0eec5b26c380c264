import Bytes
import HTTP1

/// Whether a request was meant for this machine, as far as a browser tells: a web page elsewhere
/// can have a name of its own resolve to the loopback address, but it cannot forge `Host` and
/// `Origin`.
enum OwnOrigin {
    /// `Host`, where there is one, is a loopback name or one of `ownHosts`, and so is `Origin`.
    static func holds(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, ownHosts: [String]
    ) -> Bool {
        if let host = head.host, !isOwn(bytes.extracting(host), ownHosts) { return false }
        guard let origin = head.first(.origin) else { return true }
        let value = bytes.extracting(origin.value)
        for scheme in ["http://", "https://"] as [StaticString] where value.starts(with: scheme) {
            return isOwn(value.extracting(scheme.utf8CodeUnitCount...), ownHosts)
        }
        return false
    }

    private static func isOwn(_ authority: Span<UInt8>, _ ownHosts: [String]) -> Bool {
        var name = authority
        if name.count > 0, name[0] == UInt8(ascii: "[") {
            guard let end = name.firstIndex(of: UInt8(ascii: "]")) else { return false }
            name = name.extracting(1..<end)
        } else if let colon = name.firstIndex(of: UInt8(ascii: ":")) {
            name = name.extracting(0..<colon)
        }
        if name.equalsIgnoringCase("localhost") || name.equals("::1") || isLoopback(name) {
            return true
        }
        return ownHosts.contains { name.equals($0.utf8.span) }
    }

    /// An IPv4 address of 127.0.0.0/8, not a name that only begins like one.
    static func isLoopback(_ name: Span<UInt8>) -> Bool {
        guard name.starts(with: "127.") else { return false }
        for index in name.indices
        where name[index] &- 0x30 >= 10 && name[index] != UInt8(ascii: ".") { return false }
        return true
    }
}
