// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

/// Which I/Os to record. All conditions that are given must hold; none = every direct I/O of the machine.
public struct ProbeFilter: Sendable {
    /// Only these processes and the children that they will have.
    public var processes: [Int32] = []
    /// Only threads with exactly this name (at most 15 bytes, as in the kernel).
    public var comm: String?
    /// Only file systems on these devices.
    public var devices: [DeviceNumber] = []
    public var inode: UInt64?
    /// One of so many I/Os that pass, at random.
    public var sampleEvery: UInt32 = 1
    /// Recording may pause, and then I/Os are counted alone.
    public var mayPause = false

    public init() {}

    /// Every I/O is recorded.
    var isEmpty: Bool {
        processes.isEmpty && comm == nil && devices.isEmpty && inode == nil && sampleEvery <= 1
    }

    /// The most devices that the BPF side compares with.
    public static let maximumDevices = Int(PROBE_MAX_DEVICES)
}
