// SPDX-License-Identifier: GPL-2.0-only

/// What fio reads and writes: a file that the sweep creates in a directory, or a block device.
public struct Target: Codable, Hashable, Sendable {
    public var kind: Kind
    public var path: String
    /// The file system of a directory, as mountinfo has it; `nil` when that is not known.
    public var fileSystem: String?

    public enum Kind: String, Codable, Sendable {
        case directory, device
    }

    public init(kind: Kind, path: String, fileSystem: String? = nil) {
        self.kind = kind
        self.path = path
        self.fileSystem = fileSystem
    }

    /// As tables call it, and what the cells of two sweeps are matched by. Untrusted.
    public var label: String { kind == .device ? "block" : fileSystem ?? "?" }
}
