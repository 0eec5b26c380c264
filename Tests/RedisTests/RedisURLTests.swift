import Networking
import Redis
import Testing

@Suite struct RedisURLTests {
    struct Good: Sendable, CustomTestStringConvertible {
        let text: String
        let target: RedisURL.Target
        var isTLS = false
        var user: String?
        var password: String?
        var database = 0
        /// What is shown of it.
        let shown: String

        var testDescription: String { text }
    }

    private static func server(_ host: String, _ port: UInt16 = 6379) -> RedisURL.Target {
        .server(.tcp(host: host, port: port))
    }

    static let good = [
        Good(
            text: "redis://localhost", target: server("localhost"),
            shown: "redis://localhost:6379"),
        Good(
            text: "REDIS://10.0.0.1:7000/3", target: server("10.0.0.1", 7000), database: 3,
            shown: "redis://10.0.0.1:7000/3"),
        Good(
            text: "redis://h/?db=4", target: server("h"), database: 4, shown: "redis://h:6379/4"),
        Good(
            text: "rediss://:pa%3As%40s@[::1]:6380/0", target: server("::1", 6380), isTLS: true,
            password: "pa:s@s", shown: "rediss://[::1]:6380"),
        Good(
            text: "redis://[2001:db8::1]", target: server("2001:db8::1"),
            shown: "redis://[2001:db8::1]:6379"),
        Good(
            text: "redis://ann:s%C3%A9cr@t@h/1", target: server("h"), user: "ann",
            password: "sécr@t", database: 1, shown: "redis://h:6379/1"),
        Good(
            text: "unix:///run/redis/a%20b.sock?db=2",
            target: .server(.unix(path: "/run/redis/a b.sock")), database: 2,
            shown: "unix:///run/redis/a b.sock?db=2"),
        Good(
            text: "redis+unix://ann:pw@/tmp/r.sock", target: .server(.unix(path: "/tmp/r.sock")),
            user: "ann", password: "pw", shown: "unix:///tmp/r.sock"),
        Good(
            text: "redis-sentinel://:pw@s1,s2:26380,[::1]/my%20master/5",
            target: .sentinels(
                [
                    .tcp(host: "s1", port: 26379), .tcp(host: "s2", port: 26380),
                    .tcp(host: "::1", port: 26379),
                ], service: "my master"),
            password: "pw", database: 5,
            shown: "redis-sentinel://s1:26379,s2:26380,[::1]:26379/my master/5"),
        Good(
            text: "rediss-cluster://a,b:7001",
            target: .cluster([.tcp(host: "a", port: 6379), .tcp(host: "b", port: 7001)]),
            isTLS: true, shown: "rediss-cluster://a:6379,b:7001"),
    ]

    @Test(arguments: good)
    func `a URL says where and as whom, and shows no password`(_ example: Good) throws {
        let url = try RedisURL(example.text)
        #expect(url.target == example.target)
        #expect(url.isTLS == example.isTLS && url.database == example.database)
        #expect(url.user == example.user && url.password == example.password)
        #expect(url.description == example.shown)
        var dumped = ""
        dump(url, to: &dumped)
        dump(RedisSettings(url: url), to: &dumped)
        let all = dumped + "\(url) \(String(reflecting: url)) \(RedisSettings(url: url))"
        #expect(example.password.map { !all.contains($0) } ?? true)
    }

    @Test(arguments: [
        ("localhost:6379", "scheme"), ("http://h", "scheme is none of"),
        ("redis://", "host is missing"), ("redis://h:0", "port"), ("redis://h:65536", "port"),
        ("redis://h:x", "port"), ("redis://h:", "port"), ("redis://::1", "brackets"),
        ("redis://[::1", "bracket"), ("redis://[h]", "bracket"),
        ("redis://h/-1", "database"), ("redis://h/1000001", "database"),
        ("redis://h/a", "database"),
        ("redis://sesame@h", ":password@"), ("redis://ann:@h", "password is empty"),
        ("redis://:ses%ame@h", "password has a %"), ("redis://:%ff@h", "UTF-8"),
        ("redis://:a%00b@h", "UTF-8"), ("redis://h#1", "%23"), ("redis://h?x=1", "parameter"),
        ("redis://a,b", "several hosts"), ("redis://a b", "characters"),
        ("unix://host/path", "absolute"), ("unix://", "path is missing"),
        ("unix:///" + String(repeating: "x", count: 107), "longer than 107"),
        ("redis-sentinel://h", "/service"), ("redis-sentinel://h/", "/service"),
        ("redis-sentinel://h/s/1/2", "/service"), ("redis-sentinel://h,/s", "host is missing"),
        ("redis-cluster://h/1", "database but 0"), ("redis-cluster://h?db=1", "parameter"),
    ])
    func `a bad URL is refused with a sentence that repeats nothing of it`(
        text: String, part: String
    ) {
        let error = #expect(throws: RedisURLError.self) { try RedisURL(text) }
        let sentence = error.map { "\($0)" } ?? ""
        #expect(sentence.contains(part), "\(sentence)")
        #expect(sentence.hasPrefix("not a Redis URL: ") && !sentence.contains("sesame"))
    }
}
