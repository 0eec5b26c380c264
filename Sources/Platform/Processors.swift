/// The processing time this process is given.
package enum Processors {
    /// Whole processors the control group's quota pays for, at least one; nil without a quota
    /// (cgroup v2: `200000 100000` is two, `max 100000` none).
    package static var quota: Int? {
        guard let bytes = try? FileContents.read("/sys/fs/cgroup/cpu.max") else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]), period > 0
        else { return nil }
        return max(1, quota / period)
    }
}
