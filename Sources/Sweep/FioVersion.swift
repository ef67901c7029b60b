// SPDX-License-Identifier: GPL-2.0-only

/// What `fio --version` says: `fio-3.33`, `fio-3.16-27-gabcd`.
public struct FioVersion: Equatable, Sendable {
    public var major: Int
    public var minor: Int

    /// The first with io_uring.
    public static let oldest = FioVersion(major: 3, minor: 13)

    public init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// `nil` when `text` is not fio's.
    public init?(_ text: String) {
        let line = text.prefix { !$0.isNewline }
        guard line.hasPrefix("fio-") else { return nil }
        let parts = line.dropFirst(4).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
            return nil
        }
        self.init(major: major, minor: minor)
    }

    public var isTooOld: Bool { (major, minor) < (Self.oldest.major, Self.oldest.minor) }
    public var text: String { "\(major).\(minor)" }
}
