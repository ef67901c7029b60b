// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import Glibc

/// What one program cost while it was measured, by the kernel's own count (`bpf_prog_info`); or the recorder itself.
public struct ProbeCost: Equatable, Sendable {
    /// e.g. `tp_btf/sched_switch`
    public let place: String
    public let runs: UInt64
    /// Within the program, without the way into it.
    public let nanoseconds: UInt64

    /// The kernel's count begins when the program does. To enter and to leave one takes 85 instructions more
    /// (Documentation/Performance.md), at an ordinary 3.4 a nanosecond.
    private static let entry: UInt64 = 25

    /// With the way into it and out of it.
    var nanosecondsWithEntry: UInt64 { nanoseconds + runs * Self.entry }

    public init(place: String, runs: UInt64, nanoseconds: UInt64) {
        self.place = place
        self.runs = runs
        self.nanoseconds = nanoseconds
    }
}

/// The kernel counts the runs of all BPF programs and their time for as long as this lives; it costs two readings of
/// the clock a run.
final class ProbeCostMeter {
    private let descriptor: Int32

    /// `nil` where the kernel cannot count (before 5.8), or may not be told to, which takes CAP_SYS_ADMIN: unless
    /// somebody switched it on already.
    init?() {
        descriptor = bpf_enable_stats(BPF_STATS_RUN_TIME)
        if descriptor < 0, contents(ofKernelFile: "/proc/sys/kernel/bpf_stats_enabled")?.first != UInt8(ascii: "1") {
            return nil
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}
