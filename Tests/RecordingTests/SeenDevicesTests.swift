// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Testing

@testable import Recording

@Suite struct SeenDevicesTests {
    @Test func layersAreTakenInOnce() {
        var devices = SeenDevices()
        var record = probe_layered()
        (record.layers.0.dev, record.layers.1.dev) = (253 << 20 | 1, 259 << 20)
        for _ in 0..<2 {
            devices.note(259 << 20)
            withUnsafeBytes(of: record) { devices.note(layersOf: $0) }
        }
        let numbers = [DeviceNumber(major: 253, minor: 1), DeviceNumber(major: 259, minor: 0)]
        #expect(devices.names.map(\.device) == numbers)
        #expect(devices.count == 2)
    }

    @Test func otherRecordsHaveNoLayers() {
        var devices = SeenDevices()
        withUnsafeBytes(of: probe_io()) { devices.note(layersOf: $0) }
        #expect(devices.names.isEmpty)
    }
}
