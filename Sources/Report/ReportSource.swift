// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Where the I/Os of a report come from. Its texts come from a trace or a file: untrusted.
public struct ReportSource: Equatable, Sendable {
    /// The format, e.g. `dioscope capture`.
    public var kind: String
    public var recorder: String?
    public var kernel: String?
    public var host: String?
    public var machine: String?
    public var cpuCount: Int?
    /// A hypervisor runs it; `nil` if not known.
    public var isVirtual: Bool?
    /// The command that was traced, else that of the recorder.
    public var command: [String]
    /// Wall clock at the start, nanoseconds since 1970.
    public var started: Int64?
    /// CLOCK_MONOTONIC at the start, nanoseconds; `nil` when the source does not say.
    public var startedMonotonic: UInt64?
    /// Length of the recording in nanoseconds, `nil` when its end was not recorded.
    public var duration: UInt64?
    /// Nanoseconds that a hypervisor kept from the CPUs meanwhile; `nil` when none, or not known.
    public var stolen: UInt64?
    public var filters: [String]
    public var probes: [RecordingSession.Probe]
    /// What no probe could see, in words.
    public var blindTo: [String] = []
    public var devices: [DeviceName]
    /// What the traced application says of its I/Os itself; `nil` if not known.
    public var account: ApplicationAccount?
    /// Paths of files, as far as the recorder looked them up.
    public var files: [FileName] = []
    /// Names of the machines whose traces are merged in one, by number; empty of one alone.
    public var machines: [String] = []
    /// The names of the threads that submitted the I/Os, by number.
    public var threads: [UInt32: ThreadName] = [:]
    /// What the CPUs did meanwhile; empty if not known.
    public var cpus: [CPUUse] = []
    /// Where the machine lets things run; `nil` when it was not looked up.
    public var places: HostTopology?
    /// Who uses the files whose cached pages deferred completions so that pages get cached; `nil` if not known.
    public var fileUsers: [FileUser]?
    /// From when on how many I/Os were recorded; empty if that did not change.
    public var sampling: [SamplingStep] = []
    /// When everything was recorded, of a recording in bursts; else empty.
    public var bursts: [RecordedBurst] = []
    /// What recording took of the CPU time; `nil` if not known.
    public var cost: RecordingCost?
    /// What was seen of I/O that is not followed; `nil` if not known.
    public var other: OtherIO?
    /// Requests of a trace without direct I/Os that move no data, by kind.
    public var otherRequests: [OtherRequests] = []
    /// What followed requests of such a trace, the most frequent first.
    public var followUps: [FollowUp] = []
    /// The file has its end: nothing was cut off.
    public var isComplete: Bool

    public init(kind: String, isComplete: Bool) {
        self.kind = kind
        self.isComplete = isComplete
        command = []
        filters = []
        probes = []
        devices = []
    }

    /// A capture of our own, or a live recording.
    public init(
        kind: String = "dioscope capture", session: RecordingSession, end: RecordingEnd?, devices: [DeviceName],
        threads: [UInt32: ThreadName] = [:], cpus: [CPUUse] = [], places: HostTopology? = nil,
        fileUsers: [FileUser]? = nil, sampling: [SamplingStep] = [], isComplete: Bool
    ) {
        self.init(kind: kind, isComplete: isComplete)
        self.cpus = cpus
        self.places = places
        self.fileUsers = fileUsers
        self.sampling = sampling
        recorder = session.recorder
        kernel = session.kernel
        host = session.host
        machine = session.machine
        cpuCount = session.cpuCount
        isVirtual = session.isVirtual
        command = session.tracedCommand.isEmpty ? session.commandLine : session.tracedCommand
        started = session.startedWall
        startedMonotonic = session.startedMonotonic
        if let end, end.monotonic >= session.startedMonotonic {
            duration = end.monotonic - session.startedMonotonic
            stolen = end.stolen
        }
        other = end?.other
        cost = end?.cost
        filters = session.filters
        probes = session.probes
        blindTo = session.blindTo ?? []
        self.devices = devices
        self.threads = threads
    }

    /// Only some I/Os were wanted, besides a command's.
    var hasFilters: Bool { filters.contains { !$0.hasPrefix("--sample ") } }

    /// Kinds of I/O that no probe could see, in words.
    public var blindKinds: [String] { Self.kinds(in: blindTo) }

    /// Of all that probes were blind to.
    public static func kinds(in blindTo: [String]) -> [String] { blindTo.filter { $0.hasPrefix("I/Os ") } }

    /// The command without its directory and its arguments.
    public var commandName: String? { command.first?.split(separator: "/").last.map(String.init) }

    /// The name of all submitters, if they have but one.
    public var submitterName: String? {
        let names = Set(threads.values.lazy.map(\.name))
        return names.count == 1 ? names.first : nil
    }

    /// Does a probe or event of this name (the part after the last `/` or `:`) see the I/Os?
    public func sees(_ name: String) -> Bool {
        probes.contains { probe in
            probe.attached && probe.name.split(whereSeparator: { $0 == "/" || $0 == ":" }).last.map(String.init) == name
        }
    }

    /// Devices that give their I/O to others.
    var stackedDevices: Set<DeviceNumber> { Set(devices.filter { $0.isStacked == true }.map(\.device)) }

    /// Points that none of the probes could have seen. Empty when the probes are not known.
    var blindPoints: LifePoints {
        guard !probes.isEmpty else { return [] }
        return LifePoints { $0.canBeBlind && !$0.sources.contains(where: sees) }
    }
}
