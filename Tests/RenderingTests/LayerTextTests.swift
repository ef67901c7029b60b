// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report
import Testing

@testable import Rendering

struct LayerTextTests {
    private func device(_ minor: UInt32, _ layer: String?) -> DeviceName {
        DeviceName(
            device: DeviceNumber(major: 253, minor: minor), name: "dm-\(minor)", fileSystem: nil, mountPoint: nil,
            layer: layer, isStacked: true)
    }

    /// Two volumes of LVM are two layers, and a reader has to tell them apart.
    @Test func layersOfOneKindHaveTheirNames() {
        var source = ReportSource(kind: "test", isComplete: true)
        source.devices = [device(0, "lvm"), device(1, "dm-crypt"), device(2, "lvm"), device(3, nil)]
        let names = (0..<5).map { LayerText.name(of: DeviceNumber(major: 253, minor: $0), source) }
        #expect(names == ["lvm dm-0", "dm-crypt", "lvm dm-2", "dm-3", "253:4"])
    }
}
