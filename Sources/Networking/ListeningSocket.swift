import CLibUV
import Glibc

/// One bound address, with a listening descriptor for each worker.
///
/// TCP descriptors share the port by SO_REUSEPORT, so that the kernel spreads connections over
/// the workers; a unix socket is one descriptor, duplicated.
package struct ListeningSocket: ~Copyable {
    /// The address that was bound, with the port the system chose where 0 was asked for.
    package let address: ListenAddress
    /// A descriptor a worker. Each becomes the property of the `Listener` that is made of it.
    package let descriptors: [Int32]

    /// Binds `address` for `workers` listeners and starts listening.
    ///
    /// A taken port is an error, although SO_REUSEPORT would let a second process share it
    /// silently: the address is bound once without the option first.
    package init(
        binding address: ListenAddress, workers: Int, backlog: Int32
    ) throws(SocketError) {
        switch address {
        case .tcp(let host, let port):
            let probe = try Self.bindTCP(host: host, port: port, shared: false)
            let chosen = Self.port(of: probe) ?? port
            // Linux lets a bound socket that does not listen share its port with nobody either:
            // it has to go before the sharing ones can come.
            close(probe)
            var descriptors: [Int32] = []
            do throws(SocketError) {
                for _ in 0..<workers {
                    let descriptor = try Self.bindTCP(host: host, port: chosen, shared: true)
                    descriptors.append(descriptor)
                    try Self.listen(descriptor, backlog: backlog, address: address)
                }
            } catch {
                for descriptor in descriptors { close(descriptor) }
                throw error
            }
            self.address = .tcp(host: host, port: chosen)
            self.descriptors = descriptors
        case .unix(let path):
            let descriptor = try Self.bindUnix(path: path)
            try Self.listen(descriptor, backlog: backlog, address: address)
            self.address = address
            descriptors = [descriptor] + (1..<workers).map { _ in dup(descriptor) }
        }
    }

    private static func listen(
        _ descriptor: Int32, backlog: Int32, address: ListenAddress
    ) throws(SocketError) {
        guard Glibc.listen(descriptor, backlog) == 0 else {
            let error = SocketError("listen on \(address)")
            close(descriptor)
            throw error
        }
    }

    private static func bindTCP(
        host: String, port: UInt16, shared: Bool
    ) throws(SocketError) -> Int32 {
        let address = ListenAddress.tcp(host: host, port: port)
        // SAFETY: the hints hold no pointers; the list is freed below, after its one use.
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard status == 0, let first = unsafe list else {
            throw SocketError(
                "listen on \(address)", reason: unsafe String(cString: gai_strerror(status)))
        }
        defer { unsafe freeaddrinfo(list) }
        let descriptor = unsafe socket(
            first.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | socketFlags, 0)
        guard descriptor >= 0 else { throw SocketError("make a socket for \(address)") }
        enable(SO_REUSEADDR, on: descriptor)
        if shared { enable(SO_REUSEPORT, on: descriptor) }
        // An IPv6 listener takes IPv6 only, so that [::] and 0.0.0.0 can both be bound.
        if unsafe first.pointee.ai_family == AF_INET6 {
            enable(IPV6_V6ONLY, level: Int32(IPPROTO_IPV6), on: descriptor)
        }
        // SAFETY: the address is as long as getaddrinfo says.
        let bound = unsafe martlet_bind(
            descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen)
        guard bound == 0 else {
            let error = SocketError("listen on \(address)")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// A socket file that nobody listens on any more is replaced; anything else is an error.
    private static func bindUnix(path: String) throws(SocketError) -> Int32 {
        let operation = "listen on unix:\(path)"
        var address = sockaddr_un()
        // SAFETY: the inline refuses paths that do not fit.
        let length = unsafe martlet_sockaddr_un(&address, path, path.utf8.count)
        guard length > 0 else { throw SocketError(operation, reason: "the path is too long") }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | socketFlags, 0)
        guard descriptor >= 0 else { throw SocketError(operation) }
        // SAFETY: `address` is valid for `length` bytes, here and below.
        if unsafe martlet_bind(descriptor, &address, length) == 0 { return descriptor }
        var failure = SocketError(operation)
        if failure.number == EADDRINUSE {
            let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            let answered = unsafe martlet_connect(probe, &address, length) == 0
            let isStale = !answered && errno == ECONNREFUSED
            close(probe)
            if isStale, isSocket(path) {
                _ = unsafe unlink(path)
                if unsafe martlet_bind(descriptor, &address, length) == 0 { return descriptor }
                failure = SocketError(operation)
            }
        }
        close(descriptor)
        throw failure
    }

    /// A plain file refuses connections just as a stale socket does, and must not be removed.
    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        // SAFETY: writes only the local it is given.
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    private static let socketFlags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    private static func enable(
        _ option: Int32, level: Int32 = SOL_SOCKET, on descriptor: Int32
    ) {
        var on: Int32 = 1
        // SAFETY: the option is an int.
        unsafe setsockopt(
            descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func port(of descriptor: Int32) -> UInt16? {
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        // SAFETY: the kernel writes at most `length` bytes; the port of an IPv4 and of an IPv6
        // address lies at the same place.
        let status = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        return status == 0 ? UInt16(bigEndian: storage.sin6_port) : nil
    }
}
