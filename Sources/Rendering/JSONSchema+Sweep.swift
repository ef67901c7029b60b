// SPDX-License-Identifier: GPL-2.0-only

extension JSONSchema {
    /// Of `JSONSweep`.
    public static let sweep = "{}\n"
}
