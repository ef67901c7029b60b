// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// What the devices of a stack are called. Not escaped: names come from the box or a file.
enum LayerText {
    /// What it is, or else its name: `dm-crypt`, `nvme0n1`.
    static func name(of device: DeviceName) -> String {
        device.layer ?? device.name ?? device.device.description
    }

    /// With the name too where several are the same, as volumes of LVM: `lvm vg-root`.
    static func name(of device: DeviceNumber, _ source: ReportSource) -> String {
        guard let known = source.devices.first(where: { $0.device == device }) else { return device.description }
        let isOneOfSeveral =
            known.layer != nil && source.devices.contains { $0.layer == known.layer && $0.device != device }
        return isOneOfSeveral ? fullName(of: device, source) : name(of: known)
    }

    /// `dm-crypt home`, `raid1 md0`, `nvme0n1`.
    static func fullName(of device: DeviceNumber, _ source: ReportSource) -> String {
        let known = source.devices.first { $0.device == device }
        let mapped = known?.mapped == known?.layer ? nil : known?.mapped
        return [known?.layer, mapped ?? known?.name ?? device.description].compactMap { $0 }.joined(separator: " ")
    }

    /// Of `nvme-tcp nvme2c2n1`, which device it is tells more than what it is.
    /// - Parameter name: escaped.
    static func fitted(_ name: String, to columns: Int) -> String {
        guard name.columns > columns else { return name }
        let last = name.split(separator: " ").last.map(String.init) ?? name
        return TextLine.trimmed(String(last.prefix(columns: columns)))
    }

    /// What follows the name in a row of the flame.
    static func suffix(of phase: LayerPart.Phase) -> String {
        switch phase {
        case .work, .device: ""
        case .throttled: " throttled"
        case .queueWait: " queued"
        case .issue: " to issue"
        case .notFollowed: " (not followed)"
        case .back: " back"
        }
    }
}
