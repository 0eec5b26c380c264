extension SettingsTable {
    static let debug: [SettingKey] = [
        SettingKey(
            "debug.tracesMax", .count(\.debug.tracesMax, 1...10_000, none: "off"),
            """
            Requests whose traces `/debug/traces` shows, to this machine or with the admin key; \
            `off` takes the pages away.
            """),
        SettingKey(
            "debug.traceBytesMax",
            .bytes(\.debug.traceBytesMax, (64 << 10)...(1 << 30)),
            "Memory for those traces; the oldest make room."),
        SettingKey(
            "admin.key", .secret(\.admin.key), example: "file:/run/secrets/admin-key",
            """
            Opens `/debug/traces` and `/cache` from anywhere, as `Authorization: Bearer KEY`; \
            without it the pages are for callers on a loopback listener.
            """),
    ]
}
