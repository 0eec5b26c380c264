import Bytes

/// The first commands on a connection: who we are, which database, and whether the server is one
/// to work with.
struct RedisGreeting {
    let user: String?
    let password: String?
    var database = 0
    var clientName: String?
    /// The server has to be a master, and says so.
    var expectsMaster = false

    /// Sends all of it at once and looks at the answers.
    func send(on connection: RedisConnection) async throws(RedisError) {
        var auth: RedisRequest?
        if let password {
            auth = connection.startOpening(
                RedisCommand("AUTH", texts: (user.map { [$0] } ?? []) + [password]))
        }
        var select: RedisRequest?
        if database != 0 {
            select = connection.startOpening(RedisCommand("SELECT", texts: ["\(database)"]))
        }
        var naming: RedisRequest?
        if let clientName {
            naming = connection.startOpening(
                RedisCommand("CLIENT", texts: ["SETNAME", clientName]))
        }
        var role: RedisRequest?
        if expectsMaster { role = connection.startOpening(RedisCommand("ROLE")) }
        let ping = connection.startOpening(RedisCommand("PING"))

        if let auth { try Self.check(try await auth.answer()) }
        if let select { try Self.check(try await select.answer()) }
        if let naming { _ = try await naming.answer() }
        if let role { try Self.checkRole(try await role.answer()) }
        let pong = try await ping.answer()
        // A user that may not PING is one that the server knows.
        if let error = pong.error, error.code != "NOPERM" { throw error }
    }

    private static func check(_ reply: borrowing RedisReply) throws(RedisError) {
        if let error = reply.error { throw error }
    }

    /// ROLE answers an array that begins with `master`, `slave` or `sentinel`.
    private static func checkRole(_ reply: borrowing RedisReply) throws(RedisError) {
        if let error = reply.error {
            if error.code == "NOPERM" { return }
            throw error
        }
        var elements = reply.elements
        guard let first = elements.next(in: reply), reply.text(of: first) == "master" else {
            throw RedisError(.readOnly, reason: "the server is a replica")
        }
    }
}
