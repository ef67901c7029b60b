// SPDX-License-Identifier: GPL-2.0-only

import Probes
import Recording
import Rendering
import SystemPackage

/// How a recording goes, on standard error.
final class RecordingMessages: RecordingListener {
    private let status = StatusLine()
    private var watch = LossWatch()
    /// What ends the recording, for the line that says where it goes; `nil`: a command does, and its output is left alone.
    private let announcement: String?
    private var slow: SlowIOLines

    /// - Parameter slowOutput: the descriptor that slow I/Os are printed to.
    init(announcement: String? = nil, slowOutput: Int32 = Terminal.messages) {
        self.announcement = announcement
        slow = SlowIOLines(output: slowOutput)
    }

    func sawSlow(_ io: SlowIO) {
        status.clear()
        slow.print(io)
    }

    func recordingBegan(_ path: FilePath) {
        if let announcement { Terminal.say("recording into \(path)\(announcement)") }
    }

    func recordingWent(after nanoseconds: UInt64, counters: ProbeCounters, every: UInt32) {
        slow.endSecond()
        status.show(after: nanoseconds, counters: counters, every: every)
        if let warning = watch.warning(on: counters) { say(warning) }
    }

    func overheadLimited(to every: UInt32, whole: Double) {
        let cost = "to record everything takes \(Quantity.percent(whole)) of the CPU time: from now on "
        say(cost + (every > 1 ? "bursts, 1/\(every) of the time; all I/Os are counted" : "all I/Os are recorded"))
    }

    func overheadRemains(_ overhead: Double, every: UInt32) {
        say(
            "recording takes \(Quantity.percent(overhead)) of the CPU time with bursts, 1/\(every) of the time: "
                + "to count costs, too")
        Terminal.advise("a filter, as --device or --pid, makes fewer I/Os to record, not fewer to count")
    }

    func burstFailed(_ error: ProbeError) {
        say("the next burst cannot be recorded, and the recording ends: \(error)")
    }

    func stackedDisksCame(_ names: [String], areFollowed: Bool) {
        guard !areFollowed else { return }
        say(
            "\(names.joined(separator: ", ")) came after the recording began: what is below is not followed")
        Terminal.advise("record again: what is there at the start is followed")
    }

    func recordingEnded() {
        slow.endSecond()
        status.clear()
    }

    private func say(_ text: String) {
        if Terminal.isTerminal(Terminal.messages) { Terminal.replaceLine() }
        Terminal.say(text)
    }
}
