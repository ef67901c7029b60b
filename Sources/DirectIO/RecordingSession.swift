// SPDX-License-Identifier: GPL-2.0-only

/// What is known of a recording besides its I/Os: the machine, the kernel, the probes, the filters.
///
/// Stored in a capture as JSON: fields are only ever added, and a reader ignores those it does not know.
public struct RecordingSession: Hashable, Sendable, Codable {
    /// Version of dioscope that recorded.
    public var recorder: String
    public var host: String
    /// `uname -r`.
    public var kernel: String
    public var machine: String
    public var cpuCount: Int
    /// Name of the clock that all times are of.
    public var clock: String
    public var completionRule: CompletionRule
    /// Command line of the recorder.
    public var commandLine: [String]
    /// The command that was run and traced, if any.
    public var tracedCommand: [String]
    /// The filters in words, empty = everything.
    public var filters: [String]
    public var probes: [Probe]
    /// Wall clock at start, nanoseconds since 1970.
    public var startedWall: Int64
    /// `CLOCK_MONOTONIC` at start, nanoseconds.
    public var startedMonotonic: UInt64
    /// I/Os are aggregated in the kernel, and only a few of them have records.
    public var isSummary: Bool?
    /// It may be that not all I/Os were recorded from some time on.
    public var turnsDown: Bool?
    /// A hypervisor runs the machine.
    public var isVirtual: Bool?
    /// What no probe could see, in words: I/Os, and parts of their lives.
    public var blindTo: [String]?

    public init(
        recorder: String, host: String, kernel: String, machine: String, cpuCount: Int,
        completionRule: CompletionRule, commandLine: [String], tracedCommand: [String] = [],
        filters: [String] = [], probes: [Probe] = [], startedWall: Int64, startedMonotonic: UInt64,
        isSummary: Bool? = nil, turnsDown: Bool? = nil
    ) {
        self.recorder = recorder
        self.host = host
        self.kernel = kernel
        self.machine = machine
        self.cpuCount = cpuCount
        self.clock = "CLOCK_MONOTONIC"
        self.completionRule = completionRule
        self.commandLine = commandLine
        self.tracedCommand = tracedCommand
        self.filters = filters
        self.probes = probes
        self.startedWall = startedWall
        self.startedMonotonic = startedMonotonic
        self.isSummary = isSummary
        self.turnsDown = turnsDown
    }

    /// What stands for a text that was left out of a capture before it was given away.
    public static let redacted = "redacted"

    /// One probe program and what became of it.
    public struct Probe: Hashable, Sendable, Codable {
        /// Kind and place, e.g. `tp_btf/iomap_dio_complete`.
        public var name: String
        public var attached: Bool
        /// Why it is not attached.
        public var reason: String?

        public init(name: String, attached: Bool, reason: String? = nil) {
            self.name = name
            self.attached = attached
            self.reason = reason
        }
    }
}

/// How a recording ended.
public struct RecordingEnd: Hashable, Sendable, Codable {
    /// Wall clock, nanoseconds since 1970.
    public var wall: Int64
    /// `CLOCK_MONOTONIC`, nanoseconds.
    public var monotonic: UInt64
    /// Records of I/Os that were written.
    public var ios: UInt64
    /// Exit status of the traced command, or 128 + signal, if one was run.
    public var commandStatus: Int32?
    /// `nil` in captures that do not say.
    public var other: OtherIO?
    /// Nanoseconds that a hypervisor kept from the CPUs meanwhile, all together; `nil` when that was none, or not known.
    public var stolen: UInt64?
    /// `nil` when it was not measured.
    public var cost: RecordingCost?

    public init(
        wall: Int64, monotonic: UInt64, ios: UInt64, commandStatus: Int32? = nil, other: OtherIO? = nil,
        stolen: UInt64? = nil, cost: RecordingCost? = nil
    ) {
        self.cost = cost
        self.other = other
        self.stolen = stolen
        self.wall = wall
        self.monotonic = monotonic
        self.ios = ios
        self.commandStatus = commandStatus
    }
}

/// A device that I/Os of the recording went to.
public struct DeviceName: Hashable, Sendable, Codable {
    public var major: UInt32
    public var minor: UInt32
    /// e.g. `nvme0n1p2`; `nil` when it has no name (an anonymous super block).
    public var name: String?
    /// e.g. `ext4`.
    public var fileSystem: String?
    public var mountPoint: String?
    /// What it is when it is no disk itself, e.g. `dm-crypt`, `raid1`; `nil` also in captures that do not say.
    public var layer: String?
    /// It gives its I/O to other devices, to a file or to a server; `nil` in captures that do not say.
    public var isStacked: Bool?
    /// What device-mapper calls it, in `/dev/mapper`, e.g. `vg-root`; `nil` for others, and in captures that do not say.
    public var mapped: String?

    public init(
        device: DeviceNumber, name: String?, fileSystem: String?, mountPoint: String?, layer: String? = nil,
        isStacked: Bool? = nil, mapped: String? = nil
    ) {
        self.isStacked = isStacked
        self.mapped = mapped
        self.layer = layer
        self.major = device.major
        self.minor = device.minor
        self.name = name
        self.fileSystem = fileSystem
        self.mountPoint = mountPoint
    }

    public var device: DeviceNumber { DeviceNumber(major: major, minor: minor) }

    /// Is it called so by the kernel, by device-mapper, or in `/dev`?
    public func isCalled(_ text: String) -> Bool {
        let mapper = "/dev/mapper/"
        guard !text.hasPrefix(mapper) else { return mapped.map { $0 == text.dropFirst(mapper.count) } ?? false }
        let short = text.hasPrefix("/dev/") ? text.dropFirst("/dev/".count) : text[...]
        return [name, mapped].compactMap(\.self).contains { $0 == short }
    }
}

/// The name of a thread that submitted I/Os. From a trace: untrusted text.
public struct ThreadName: Hashable, Sendable, Codable {
    public var thread: UInt32
    public var process: UInt32
    public var name: String

    public init(thread: UInt32, process: UInt32, name: String) {
        self.thread = thread
        self.process = process
        self.name = name
    }
}

extension [UInt32: ThreadName] {
    /// The thread for which it submits: an io_uring worker, `iou-wrk-N`, does so for thread N, whose ring it serves; any
    /// other for itself.
    public func submitter(behind thread: UInt32) -> UInt32 {
        let worker = "iou-wrk-"
        guard let name = self[thread]?.name, name.hasPrefix(worker) else { return thread }
        return UInt32(name.dropFirst(worker.count)) ?? thread
    }
}
