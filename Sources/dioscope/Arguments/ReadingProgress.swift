// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Host
import Input
import Rendering
import Synchronization

/// How far reading a file has come: a line on standard error once it takes longer than a second, if that is a terminal.
final class ReadingProgress: ReadingListener {
    private let isShown = Terminal.isTerminal(STDERR_FILENO)
    private let line = Mutex((next: HostClock.monotonic + 1_000_000_000, isThere: false))

    private let endsEarly: Bool
    private static let isInterrupted = Atomic<Bool>(false)

    /// - Parameter endsEarly: Ctrl-C ends the reading of a trace, and not the program: the answer is of what was read.
    init(endsEarly: Bool = false) {
        self.endsEarly = endsEarly
    }

    var wantsEnd: Bool { Self.isInterrupted.load(ordering: .relaxed) }

    /// A second Ctrl-C ends the program.
    func readingCanEnd() {
        guard endsEarly, !wantsEnd else { return }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in ReadingProgress.isInterrupted.store(true, ordering: .relaxed) }
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
        sigaction(SIGINT, &action, nil)
    }

    private static let interval: UInt64 = 200_000_000

    func reading(_ name: String, part: Double) {
        guard isShown, isDue() else { return }
        let percent = Int(part.isFinite ? 100 * part : 0)
        Terminal.replaceLine(with: "\(EscapedText(name)): \(percent)% read")
    }

    func reading(_ name: String, bytes: UInt64, of size: UInt64) {
        guard size == 0 else { return reading(name, part: min(1, Double(bytes) / Double(size))) }
        guard isShown, isDue() else { return }
        Terminal.replaceLine(with: "\(EscapedText(name)): \(bytes >> 20) MiB read")
    }

    func readingEnded() {
        line.withLock { line in
            if line.isThere { Terminal.replaceLine() }
            line.isThere = false
        }
    }

    private func isDue() -> Bool {
        line.withLock { line in
            let now = HostClock.monotonic
            guard now >= line.next else { return false }
            line = (now + Self.interval, true)
            return true
        }
    }
}
