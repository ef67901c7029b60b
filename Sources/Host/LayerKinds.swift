// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials

/// What a block device is made by, if it is no disk itself.
enum LayerKinds {
    /// e.g. `dm-crypt`, `lvm`, `raid1`, `loop`, `bcache`, `nvme-tcp`.
    /// - Parameter name: the kernel's, e.g. `dm-0`.
    static func kind(of name: String) -> String? {
        if name.hasPrefix("dm-") { return deviceMapper(name) }
        if name.hasPrefix("md") { return attribute("md/level", of: name) ?? "md" }
        if name.hasPrefix("loop") { return "loop" }
        for kind in ["bcache", "ublk", "nbd", "drbd", "rbd", "zram"] where name.hasPrefix(kind) { return kind }
        if name.hasPrefix("nvme"), let transport = transport(of: name), transport != "pcie" {
            return "nvme-\(transport)"
        }
        return nil
    }

    /// Whoever made it says so in its UUID, cryptsetup, LVM and multipath at least.
    private static func deviceMapper(_ name: String) -> String {
        let maker = attribute("dm/uuid", of: name)?.prefix { $0 != "-" }
        switch maker {
        case "CRYPT": return "dm-crypt"
        case "LVM": return "lvm"
        case "mpath": return "dm-multipath"
        default: return mapped(name) ?? "dm"
        }
    }

    /// What device-mapper calls it.
    static func mapped(_ name: String) -> String? { name.hasPrefix("dm-") ? attribute("dm/name", of: name) : nil }

    private static func attribute(_ path: String, of name: String) -> String? {
        let text = try? String(contentsOfFile: "/sys/block/\(name)/\(path)", encoding: .utf8)
        return text.map { String($0.prefix { !$0.isWhitespace }) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// For a namespace behind several paths, that of the first.
    private static func transport(of name: String) -> String? {
        if let own = attribute("device/transport", of: name) { return own }
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/block/\(name)/device")) ?? []
        return entries.sorted().lazy.compactMap { attribute("device/\($0)/transport", of: name) }.first
    }
}
