// SPDX-License-Identifier: GPL-2.0-only

/// Which I/Os fio does, by fio's own names.
public enum Workload: String, Codable, Sendable, CaseIterable {
    case read, write, randread, randwrite, rw, randrw

    public var writes: Bool { self != .read && self != .randread }
}
