// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import FoundationEssentials

/// What a block device says of its own requests, in sysfs.
public struct BlockDeviceLoad: Equatable, Sendable {
    /// Requests that the driver has now.
    public var inFlight: UInt64
    /// Reads and writes that it has completed since boot.
    public var completed: UInt64

    public init(inFlight: UInt64, completed: UInt64) {
        self.inFlight = inFlight
        self.completed = completed
    }

    /// For a partition, of the whole disk. `nil`: no block device of its own, as for btrfs.
    public init?(of device: DeviceNumber) {
        var directory = "/sys/dev/block/\(device)"
        if FileManager.default.fileExists(atPath: directory + "/partition") { directory += "/.." }
        guard let text = HostFacts.line(of: directory + "/stat") else { return nil }
        // Documentation/block/stat.rst: reads, merged, sectors, ms, writes, merged, sectors, ms, in flight.
        let fields = text.split(separator: " ").map { UInt64($0) ?? 0 }
        guard fields.count >= 9 else { return nil }
        self.init(inFlight: fields[8], completed: fields[0] &+ fields[4])
    }
}
