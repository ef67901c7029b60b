// SPDX-License-Identifier: GPL-2.0-only

/// A switch of the kernel that is flipped between runs: `/sys/kernel/iomap/simple_read=0,1`.
public struct Toggle: Codable, Hashable, Sendable {
    public var path: String
    /// What is written to it; the first is the base.
    public var values: [String]

    public init(path: String, values: [String]) {
        self.path = path
        self.values = values
    }

    /// `nil` when `text` is not a full path, `=` and two or more different values with commas between them.
    public init?(_ text: String) {
        guard let sign = text.lastIndex(of: "="), text.hasPrefix("/") else { return nil }
        path = String(text[..<sign])
        values = text[text.index(after: sign)...].split(separator: ",", omittingEmptySubsequences: false)
            .map(String.init)
        guard path.count > 1, values.count >= 2, values.count <= 16, Set(values).count == values.count,
            !values.contains(where: \.isEmpty)
        else { return nil }
    }

    /// The last part of the path.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}
