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

    func samplingReduced(to every: UInt32, overhead: Double) {
        say(
            "recording takes \(Quantity.percent(overhead)) of the CPU time: from now on one I/O in \(every) is recorded"
        )
    }

    func samplingExhausted(at every: UInt32, overhead: Double) {
        say(
            "recording takes \(Quantity.percent(overhead)) of the CPU time with one I/O in \(every): "
                + "task switches and interrupts cost the same whatever is recorded")
        Terminal.advise("--no-occupants leaves task switches untraced")
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
