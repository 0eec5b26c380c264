import CLibUV
import Glibc

/// An address as the kernel takes it: IPv4 or IPv6 with a port.
package struct SocketAddress: Sendable {
    /// Large enough for both; the family says which it is.
    fileprivate var storage = sockaddr_in6()

    /// A numeric address, or nil for a name.
    package init?(numeric host: String, port: UInt16) {
        // SAFETY: each call writes the address of its family into storage that is large enough.
        let status = unsafe withUnsafeMutablePointer(to: &storage) { storage in
            let isIPv4 = unsafe storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                unsafe uv_ip4_addr(host, Int32(port), $0) == 0
            }
            return isIPv4 ? 0 : unsafe uv_ip6_addr(host, Int32(port), storage)
        }
        guard status == 0 else { return nil }
    }

    /// A copy of an address of a list of getaddrinfo's; nil for another family.
    fileprivate init?(_ info: UnsafeMutablePointer<addrinfo>) {
        // SAFETY: the list's address is as long as it says, and fits.
        let length = unsafe Int(info.pointee.ai_addrlen)
        guard length <= MemoryLayout<sockaddr_in6>.size, let source = unsafe info.pointee.ai_addr
        else { return nil }
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: length))
        }
    }
}

extension SocketStream {
    /// Begins to connect to `address`. `done` is called once, on the loop and not within this
    /// call: with nil when the stream is connected, also when it was closed meanwhile.
    package static func connect(
        loop: EventLoop, to address: SocketAddress, _ done: @escaping (SocketError?) -> Void
    ) -> SocketStream {
        let stream = SocketStream(loop: loop, kind: .tcp)
        let request = unsafe ConnectRequest.make(done)
        guard let raw = unsafe stream.handle else { return stream }
        // SAFETY: the handle is open; the request lives until its callback, and the address is
        // copied.
        let tcp = unsafe raw.assumingMemoryBound(to: uv_tcp_t.self)
        unsafe uv_tcp_nodelay(tcp, 1)
        let status = unsafe withUnsafePointer(to: address.storage) { storage in
            unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe uv_tcp_connect(request, tcp, $0, ConnectRequest.callback)
            }
        }
        if status != 0 {
            // libuv will not call back.
            loop.spawn { unsafe ConnectRequest.finish(request, status) }
        }
        return stream
    }

    /// The same to a socket in the file system; `path` fits `sockaddr_un` (107 bytes).
    package static func connect(
        loop: EventLoop, toPath path: String, _ done: @escaping (SocketError?) -> Void
    ) -> SocketStream {
        let stream = SocketStream(loop: loop, kind: .unix)
        let request = unsafe ConnectRequest.make(done)
        guard let raw = unsafe stream.handle else { return stream }
        // SAFETY: as above; every error comes through the callback.
        unsafe uv_pipe_connect(
            request, raw.assumingMemoryBound(to: uv_pipe_t.self), path, ConnectRequest.callback)
        return stream
    }
}

/// What waits for libuv to connect.
private final class ConnectRequest {
    private let done: (SocketError?) -> Void

    private init(_ done: @escaping (SocketError?) -> Void) {
        self.done = done
    }

    @unsafe
    static func make(
        _ done: @escaping (SocketError?) -> Void
    ) -> UnsafeMutablePointer<uv_connect_t> {
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        // SAFETY: `finish` takes the reference back and frees the request.
        unsafe request.initialize(to: uv_connect_t())
        unsafe request.pointee.data = Unmanaged.passRetained(ConnectRequest(done)).toOpaque()
        return unsafe request
    }

    static let callback: uv_connect_cb = { request, status in
        // SAFETY: libuv hands back the request it was given, once.
        unsafe ConnectRequest.finish(request!, status)
    }

    @unsafe
    static func finish(_ request: UnsafeMutablePointer<uv_connect_t>, _ status: Int32) {
        // SAFETY: the data was set in `make`, and this is the one time it is taken.
        let owner = unsafe Unmanaged<ConnectRequest>.fromOpaque(request.pointee.data)
            .takeRetainedValue()
        unsafe request.deallocate()
        owner.done(status == 0 ? nil : SocketError("connect", number: -status))
    }
}

/// Looks up addresses of names, on libuv's own threads.
package enum NameResolver {
    /// Calls `done` once, on the loop and not within this call, with the addresses of `host`,
    /// best first, or why there are none. There is no limit of time but the resolver's.
    package static func resolve(
        loop: EventLoop, host: String, port: UInt16,
        _ done: @escaping (Result<[SocketAddress], SocketError>) -> Void
    ) {
        // SAFETY: the hints hold no pointers and are copied, as are host and service.
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
        unsafe request.initialize(to: uv_getaddrinfo_t())
        // SAFETY: `finish` takes the reference back and frees the request.
        unsafe request.pointee.data = Unmanaged.passRetained(Waiter(done)).toOpaque()
        let status = unsafe uv_getaddrinfo(
            loop.handle, request,
            { request, status, list in unsafe NameResolver.finish(request!, status, list) },
            host, String(port), &hints)
        if status != 0 {
            loop.spawn { unsafe NameResolver.finish(request, status, nil) }
        }
    }

    private final class Waiter {
        let done: (Result<[SocketAddress], SocketError>) -> Void

        init(_ done: @escaping (Result<[SocketAddress], SocketError>) -> Void) {
            self.done = done
        }
    }

    @unsafe
    private static func finish(
        _ request: UnsafeMutablePointer<uv_getaddrinfo_t>, _ status: Int32,
        _ list: UnsafeMutablePointer<addrinfo>?
    ) {
        // SAFETY: the data was set in `resolve`, and this is the one time it is taken; the list is
        // freed behind its one use.
        let waiter = unsafe Unmanaged<Waiter>.fromOpaque(request.pointee.data).takeRetainedValue()
        unsafe request.deallocate()
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let info = unsafe next {
            if let address = unsafe SocketAddress(info) { addresses.append(address) }
            unsafe next = info.pointee.ai_next
        }
        unsafe uv_freeaddrinfo(list)
        if status == 0, !addresses.isEmpty {
            waiter.done(.success(addresses))
        } else {
            waiter.done(.failure(SocketError("resolve", reason: "the name has no address")))
        }
    }
}
