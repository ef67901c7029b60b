// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Host
import Probes

extension RecordingSession {
    /// What is known of this machine and its probes when a recording begins.
    ///
    /// - Parameters:
    ///   - recorder: the version of dioscope.
    ///   - wall: its begin, nanoseconds since 1970.
    ///   - monotonic: the same, nanoseconds of CLOCK_MONOTONIC.
    ///   - filters: in the user's words.
    init(
        of probes: any ProbeSource, recorder: String, wall: Int64, monotonic: UInt64, tracedCommand: [String] = [],
        filters: [String] = [], isSummary: Bool? = nil, turnsDown: Bool? = nil
    ) {
        let names = HostFacts.names()
        self.init(
            recorder: recorder, host: names.host, kernel: names.kernel, machine: names.machine,
            cpuCount: HostFacts.cpuCount, completionRule: probes.completionRule, commandLine: CommandLine.arguments,
            tracedCommand: tracedCommand, filters: filters, probes: probes.programs, startedWall: wall,
            startedMonotonic: monotonic, isSummary: isSummary, turnsDown: turnsDown)
        isVirtual = HostFacts.isVirtual
        blindTo = probes.blindTo.isEmpty ? nil : probes.blindTo
    }
}
