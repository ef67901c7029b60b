// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// What a group is called. Not escaped: names of threads and devices are untrusted.
enum GroupText {
    /// The value alone, for tools.
    static func key(of key: GroupKey) -> String {
        switch key {
        case .device(let device): device?.description ?? unknown
        case .file(let device, let inode):
            device.map { device in inode.map { "\(device):\($0)" } ?? device.description } ?? unknown
        case .op(let operation): operation.rawValue
        case .size(let bytes): bytes.map(String.init) ?? unknown
        case .cpu(let cpu): cpu.map(String.init) ?? unknown
        case .issuer(let issuer): issuer.rawValue
        case .context(let context): context.rawValue
        case .thread(let thread): thread.map(String.init) ?? unknown
        case .comm(let name): name ?? unknown
        case .all(let keys): keys.map { self.key(of: $0) }.joined(separator: ",")
        case .machine(let machine): String(machine)
        case .layers(let levels):
            levels.isEmpty ? unknown : levels.joined().map(\.description).joined(separator: " ")
        }
    }

    /// With the names that the source has for it.
    static func label(of key: GroupKey, _ source: ReportSource) -> String {
        switch key {
        case .device(let device): "device " + (device.map { name(of: $0, source) } ?? "not seen")
        case .file(let device, let inode): file(device, inode, source)
        case .size(let bytes): bytes.map { Quantity.bytes(UInt64($0)) } ?? "size not seen"
        case .cpu(let cpu): cpu.map { "submit CPU \($0)" } ?? "submit CPU not seen"
        case .thread(let thread):
            thread.map { "\(source.threads[$0]?.name ?? "thread")/\($0)" } ?? "thread not seen"
        case .machine(let machine):
            "machine " + (source.machines.indices.contains(Int(machine)) ? source.machines[Int(machine)] : "\(machine)")
        case .layers(let levels):
            levels.isEmpty
                ? "device not seen"
                : levels.map { $0.map { LayerText.fullName(of: $0, source) }.joined(separator: " and ") }
                    .joined(separator: " on ")
        case .all(let keys): keys.map { label(of: $0, source) }.joined(separator: " ")
        case .comm(let name): name ?? "thread without a name"
        case .op, .issuer, .context: Self.key(of: key)
        }
    }

    private static let unknown = "unknown"

    private static func file(_ device: DeviceNumber?, _ inode: UInt64?, _ source: ReportSource) -> String {
        guard let device else { return "file not seen" }
        guard let inode else { return "\(name(of: device, source)), file not seen" }
        return source.files.first { $0.inode == inode && $0.device == device }?.path
            ?? "file \(name(of: device, source)):\(inode)"
    }

    private static func name(of device: DeviceNumber, _ source: ReportSource) -> String {
        source.devices.first { $0.device == device }?.name ?? device.description
    }
}
