// SPDX-License-Identifier: GPL-2.0-only

import Host
import Probes

/// When and where I/Os were lost whose completion the probes did not see, in words.
struct LossWords {
    var bursts: LostIOs.Bursts?
    /// When the recording began, nanoseconds of CLOCK_MONOTONIC.
    var began: UInt64
    var tasks: [ProbeCounters.UnseenTask]

    /// What follows the sentence that they were lost.
    var text: String { when + whose }

    private var when: String {
        guard let bursts else { return "" }
        // If an I/O's kiocb did not begin again, the time of its loss is unknown.
        let times =
            bursts.count == 1
            ? "in one burst of \(bursts.largest), \(seconds(bursts.first)) after the begin"
            : "in \(bursts.count) bursts of up to \(bursts.largest), from \(seconds(bursts.first)) to "
                + "\(seconds(bursts.last))"
        return ": noticed " + times
    }

    /// No program ran in the context of these tasks, nor in the interrupts that came to them.
    private var whose: String {
        guard !tasks.isEmpty else { return "" }
        let names = tasks.map { task in
            "\(name(of: task.thread)) had CPU \(task.cpu) for \(milliseconds(task.time)) in \(task.turns) turns"
        }
        return "; this kernel runs no probes while some tasks have the CPU, nor in interrupts then: "
            + names.joined(separator: ", ")
    }

    private func seconds(_ time: UInt64) -> String {
        let tenths = (time > began ? time - began : 0) / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }

    private func milliseconds(_ time: UInt64) -> String {
        "\(time / 1_000_000).\(time / 100_000 % 10) ms"
    }

    private func name(of thread: UInt32) -> String {
        let name = HostFacts.line(of: "/proc/\(thread)/comm") ?? "a thread that has ended"
        return "\(name) (\(thread))"
    }
}
