import Glibc

private let usage = """
    usage: GatewayBenchmarks <tool> [--option value]...

      upstream   OpenAI-shaped answers: --chunks N --interval-ms T --seconds-max S
      sink       OTLP/HTTP receiver that counts spans: --seconds-max S
      load       closed loop: --port P --path X --body-file F --connections C --seconds N
                 or --requests N; open loop: --rate R --seconds N
      streams    --port P --path X --body-file F --count N --stagger-ms T --seconds-max S
      hangups    clients that leave: --port P --path X --body-file F --stream-body-file F
                 --requests N --connections C --seed S

    The servers print `port N`, answer GET /stats with JSON, and end when their standard input is
    closed. The clients print one line of JSON.
    """

/// Runs the tool named by the first argument; the exit code.
func runTool(_ arguments: [String]) -> Int32 {
    // A peer that has left must be an error of `send`, not the end of this process.
    signal(SIGPIPE, SIG_IGN)
    raiseDescriptorLimit()
    guard arguments.count >= 2 else {
        print(usage)
        return 2
    }
    var options = Options(Array(arguments.dropFirst(2)))
    switch arguments[1] {
    case "upstream": return runUpstream(&options)
    case "sink": return runSink(&options)
    case "load": return runLoad(&options)
    case "streams": return runStreams(&options)
    case "hangups": return runHangups(&options)
    default:
        print(usage)
        return 2
    }
}

/// `--name value` pairs. An unknown or malformed option ends the process with one sentence.
struct Options {
    private var values: [String: String] = [:]

    init(_ arguments: [String]) {
        var index = 0
        while index < arguments.count {
            guard arguments[index].hasPrefix("--"), index + 1 < arguments.count else {
                fail("\(arguments[index]) is not an option with a value")
            }
            values[String(arguments[index].dropFirst(2))] = arguments[index + 1]
            index += 2
        }
    }

    mutating func string(_ name: String, default fallback: String? = nil) -> String {
        guard let value = values.removeValue(forKey: name) ?? fallback else {
            fail("--\(name) is needed")
        }
        return value
    }

    mutating func number(_ name: String, default fallback: Int? = nil) -> Int {
        let text = string(name, default: fallback.map(String.init))
        guard let value = Int(text), value >= 0 else { fail("--\(name) is no number: \(text)") }
        return value
    }

    /// To be called after the last look-up: refuses what no look-up has taken.
    func finish() {
        if let name = values.keys.first { fail("--\(name) is unknown here") }
    }
}

/// Says what went wrong and ends the process.
func fail(_ message: String) -> Never {
    var line = "GatewayBenchmarks: \(message)\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(1)
}

/// Prints a line at once, also into a pipe.
func say(_ line: String) {
    print(line)
    fflush(nil)
}

/// Nanoseconds of the monotonic clock.
func monotonicNow() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

/// The bytes of a file, up to 16 MiB.
func readFile(_ path: String) -> [UInt8] {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { fail("cannot open \(path)") }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65536)
    while bytes.count < 16 << 20 {
        let count = read(file, &piece, piece.count)
        guard count > 0 else { break }
        bytes.append(contentsOf: piece[..<count])
    }
    return bytes
}

/// Thousands of connections need more descriptors than the usual soft limit of 1,024.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
