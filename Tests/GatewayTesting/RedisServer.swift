import CTestSupport
import Foundation
import Glibc
import Networking

/// A real redis-server on a free port of 127.0.0.1 and on a socket, in a directory of its own.
package final class RedisServer: @unchecked Sendable {
    // SAFETY: a test uses its server from one thread at a time; `processID` is set before the
    // server is handed out and after a restart.
    package let port: UInt16
    package let directory: URL
    private let arguments: [String]
    private let certificates: [String]
    private let hasConfiguration: Bool
    private var processID: pid_t = 0

    /// Starts a server and waits until it answers. `arguments` are options of redis-server;
    /// `certificates` those of TLS, with which the port takes nothing else; `configuration` is the
    /// text of a file, which sentinels have to have.
    package init(
        _ arguments: [String] = [], certificates: [String] = [], configuration: String? = nil
    ) throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("redis-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        self.arguments = arguments
        self.certificates = certificates
        hasConfiguration = configuration != nil
        try configuration?.write(
            to: Self.configuration(in: directory), atomically: true, encoding: .utf8)
        var port: UInt16 = 0
        // Another process may take the port first: then another one is tried.
        for _ in 0..<10 {
            port = try Self.freePort()
            processID = try Self.launch(
                port, arguments: arguments, certificates: certificates, directory,
                hasConfiguration: hasConfiguration)
            if try Self.waitUntilUp(processID, directory) { break }
            processID = 0
        }
        self.port = port
        guard processID != 0 else { throw TimedOut("redis-server") }
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: directory)
    }

    package var url: String { "redis://127.0.0.1:\(port)" }
    package var socketPath: String { directory.appendingPathComponent("s").path }
    package var address: ListenAddress { .tcp(host: "127.0.0.1", port: port) }

    /// Ends it as a crash does.
    package func stop() {
        guard processID != 0 else { return }
        kill(processID, SIGKILL)
        var status: Int32 = 0
        waitpid(processID, &status, 0)
        processID = 0
    }

    /// Starts it again on the same port, after `stop`.
    package func restart(_ more: [String] = []) throws {
        processID = try Self.launch(
            port, arguments: arguments + more, certificates: certificates, directory,
            hasConfiguration: hasConfiguration)
        guard try Self.waitUntilUp(processID, directory) else {
            processID = 0
            throw TimedOut("redis-server again")
        }
    }

    /// It takes connections and answers nothing until `resume`.
    package func pause() {
        kill(processID, SIGSTOP)
    }

    package func resume() {
        kill(processID, SIGCONT)
    }

    /// Runs redis-cli and answers what it prints.
    @discardableResult
    package func cli(_ arguments: String...) throws -> String {
        try Tool.run("/usr/bin/redis-cli", ["-p", "\(port)"] + arguments).output
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A port that nobody had a moment ago.
    package static func freePort() throws -> UInt16 {
        let (socket, port) = try RawSocket.listening()
        socket.close()
        return port
    }

    private static func launch(
        _ port: UInt16, arguments: [String], certificates: [String], _ directory: URL,
        hasConfiguration: Bool
    ) throws -> pid_t {
        // What an earlier one wrote would be taken for this one's.
        try? FileManager.default.removeItem(at: log(in: directory))
        let ports =
            certificates.isEmpty
            ? ["--port", "\(port)"] : ["--port", "0", "--tls-port", "\(port)"] + certificates
        // Whatever becomes of the test, the server ends with the thread that has started it.
        let all =
            ["/usr/bin/setpriv", "--pdeathsig", "KILL", "/usr/bin/redis-server"]
            + (hasConfiguration ? [configuration(in: directory).path] : []) + ports + [
                "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no",
                "--dir", directory.path, "--unixsocket", directory.appendingPathComponent("s").path,
                "--enable-debug-command", "yes", "--logfile", log(in: directory).path,
            ] + arguments
        var strings = all.map { strdup($0) } + [nil]
        defer { for string in strings { free(string) } }
        let process = spawn_alone(all[0], &strings)
        guard process > 0 else { throw TimedOut("redis-server cannot be started: \(-process)") }
        return process
    }

    /// False once the process has ended.
    private static func waitUntilUp(_ process: pid_t, _ directory: URL) throws -> Bool {
        let end = Date(timeIntervalSinceNow: 30)
        while Date() < end {
            var status: Int32 = 0
            guard waitpid(process, &status, WNOHANG) == 0 else { return false }
            let log = (try? String(contentsOf: log(in: directory), encoding: .utf8)) ?? ""
            if log.contains("Ready to accept connections") || log.contains("Sentinel ID is") {
                return true
            }
            usleep(2000)
        }
        kill(process, SIGKILL)
        throw TimedOut("redis-server")
    }

    private static func configuration(in directory: URL) -> URL {
        directory.appendingPathComponent("redis.conf")
    }

    private static func log(in directory: URL) -> URL {
        directory.appendingPathComponent("log")
    }
}
