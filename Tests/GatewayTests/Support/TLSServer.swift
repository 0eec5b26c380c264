import Foundation

/// A TLS server with a certificate that signs itself, by the `openssl` program.
final class TLSServer {
    let port: Int
    private let process = Process()
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-tls-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let files = (
            folder.appendingPathComponent("key").path, folder.appendingPathComponent("cert").path
        )
        let make = try Self.process([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", files.0, "-out", files.1, "-days", "1", "-subj", "/CN=localhost",
        ])
        try make.run()
        make.waitUntilExit()
        port = Int.random(in: 20_000..<30_000)
        process.executableURL = make.executableURL
        process.arguments = [
            "s_server", "-quiet", "-www", "-accept", "127.0.0.1:\(port)", "-key", files.0, "-cert",
            files.1,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        usleep(200_000)
    }

    private static func process(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        return process
    }

    deinit {
        process.terminate()
        try? FileManager.default.removeItem(at: folder)
    }
}
