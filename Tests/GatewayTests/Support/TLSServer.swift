import CTestSupport
import Foundation
import GatewayTesting

/// A TLS server with a certificate that signs itself, by the `openssl` program.
final class TLSServer {
    let port: Int
    private let process: pid_t
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-tls-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let key = folder.appendingPathComponent("key").path
        let certificate = folder.appendingPathComponent("certificate").path
        Self.end(
            try Self.start([
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-keyout", key, "-out", certificate, "-days", "1", "-subj",
                "/CN=localhost",
            ]), kills: false)
        port = Int.random(in: 20_000..<30_000)
        process = try Self.start([
            "s_server", "-quiet", "-www", "-accept", "127.0.0.1:\(port)", "-key", key, "-cert",
            certificate,
        ])
        let port = UInt16(port)
        guard
            ProcessUse.wait(
                within: 60, { (try? RawClient(.tcp(host: "127.0.0.1", port: port))) != nil })
        else { throw POSIXError(.ETIMEDOUT) }
    }

    /// Starts the program with nothing of this process's descriptors.
    private static func start(_ arguments: [String]) throws -> pid_t {
        var words: [UnsafeMutablePointer<CChar>?] = (["openssl"] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        let process = spawn_alone("/usr/bin/openssl", words)
        guard process > 0 else { throw POSIXError(POSIXErrorCode(rawValue: -process) ?? .EIO) }
        return process
    }

    private static func end(_ process: pid_t, kills: Bool) {
        if kills { kill(process, SIGKILL) }
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    deinit {
        Self.end(process, kills: true)
        try? FileManager.default.removeItem(at: folder)
    }
}
