// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Host
import Probes

/// The devices that records name, and what they are: looked up when one is first seen, for later it may be unmounted.
struct SeenDevices {
    private var found: [DeviceNumber: DeviceName] = [:]

    private static let most = 4096

    /// - Parameter number: as the kernel has it.
    mutating func note(_ number: UInt32) {
        let device = DeviceNumber(kernel: number)
        guard found[device] == nil, found.count < Self.most else { return }
        var name = DeviceNames().name(of: device)
        name.isStacked = name.name.map { StackedDisks.include($0) } == true ? true : nil
        found[device] = name
    }

    /// Takes in the disks below, of a record that has any.
    mutating func note(layersOf record: UnsafeRawBufferPointer) {
        guard record.count >= MemoryLayout<probe_layered>.size else { return }
        note(layersOf: record, from: MemoryLayout<probe_layered>.offset(of: \.layers), PROBE_LAYERS)
        guard record.count == MemoryLayout<probe_deep>.size else { return }
        note(layersOf: record, from: MemoryLayout<probe_deep>.offset(of: \.deeper), PROBE_DEEPER_LAYERS)
    }

    private mutating func note(layersOf record: UnsafeRawBufferPointer, from start: Int?, _ count: Int32) {
        guard let start else { return }
        for place in 0..<Int(count) {
            let device = record.loadUnaligned(
                fromByteOffset: start + place * MemoryLayout<probe_layer>.stride, as: UInt32.self)
            if device != 0 { note(device) }
        }
    }

    var count: Int { found.count }

    var names: [DeviceName] { found.values.sorted { ($0.major, $0.minor) < ($1.major, $1.minor) } }
}
