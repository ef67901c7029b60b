// SPDX-License-Identifier: GPL-2.0-only

/// Along what two columns of a table, base and new, may differ.
public enum Axis: String, Codable, Sendable, CaseIterable {
    case toggle, cpus, engine, depth, size, op, target
}
