// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Glibc
import Host
import Sweep

/// The guard of a sweep: a process of its own, which puts right what the sweep has changed as soon as the sweep is gone,
/// whatever ended it. It reads orders from standard input and acknowledges each with a byte.
struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard-sweep", abstract: "Put right what a sweep has changed; started by 'sweep' itself.",
        shouldDisplay: false)

    func run() throws {
        // A session of its own, which the terminal's Ctrl-C does not reach.
        setsid()
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { Glibc.signal(signal, SIG_IGN) }
        let state = try GuardState()
        var duty = GuardDuty()
        var deadlines: [Int32: UInt64] = [:]
        var pending: [UInt8] = []
        acknowledge()
        while let bytes = read(until: deadlines.values.min()) {
            pending += bytes
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = pending[..<end]
                pending = Array(pending[(end + 1)...])
                guard let order = GuardOrder(line: line) else { continue }
                try state.write(order)
                duty.take(order)
                switch order {
                case .watch(let process, let time): deadlines[process] = HostClock.monotonic + time * 1_000_000
                case .ended(let process): deadlines[process] = nil
                case .restore, .remove, .pages: break
                }
                acknowledge()
            }
            for (process, deadline) in deadlines where deadline <= HostClock.monotonic {
                deadlines[process] = nil
                kill(process, SIGKILL)
            }
        }
        let problems = duty.putRight()
        for problem in problems { Terminal.say(problem) }
        state.remove()
        if !problems.isEmpty { throw ExitCode(ExitStatus.inputOutput.rawValue) }
    }

    private func acknowledge() {
        // A sweep that is gone does not wait for it.
        var byte: UInt8 = 1
        _ = Glibc.write(STDOUT_FILENO, &byte, 1)
    }

    /// Some bytes, none when a deadline has come; `nil` when the sweep is gone.
    private func read(until deadline: UInt64?) -> [UInt8]? {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        let now = HostClock.monotonic
        let wait = deadline.map { Int32(clamping: ($0 > now ? $0 - now : 0) / 1_000_000 + 1) } ?? -1
        guard poll(&input, 1, wait) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(STDIN_FILENO, &bytes, bytes.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return [] }
        return count > 0 ? Array(bytes[..<count]) : nil
    }
}
