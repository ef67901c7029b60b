// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import FoundationEssentials
import Glibc
import Host

/// The command that `record` runs: it inherits everything, as if the shell had started it.
///
/// posix_spawn and waitpid, not a process library: the recorder is one thread that must not depend on an
/// asynchronous runtime (`Documentation/Decisions/OneThread.md`).
public struct TracedCommand {
    public let process: pid_t

    /// Starts `arguments[0]`, looked up in PATH.
    ///
    /// - Parameters:
    ///   - input: what it gets for standard input instead of ours.
    ///   - outputs: what it gets for standard output and error instead of ours.
    public init(
        _ arguments: [String], input: Int32? = nil, outputs: (output: Int32, error: Int32)? = nil
    ) throws(CommandError) {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The recorder handles these; the command must see them as it would without us.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGINT, SIGTERM, SIGPIPE, SIGHUP] where signal == SIGPIPE || !Interruption.isIgnored(signal) {
            sigaddset(&defaults, signal)
        }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input { posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) }
        if let outputs {
            posix_spawn_file_actions_adddup2(&actions, outputs.output, STDOUT_FILENO)
            posix_spawn_file_actions_adddup2(&actions, outputs.error, STDERR_FILENO)
        }

        let words = Self.copies(of: arguments)
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let status = posix_spawnp(&child, words[0], &actions, &attributes, words + [nil], environ)
        guard status == 0 else { throw CommandError(name: arguments[0], number: status) }
        process = child
    }

    /// As bytes. Swift's strings are UTF-8: what is none was replaced in them, and is taken from our own arguments, whose last
    /// ones these are.
    private static func copies(of arguments: [String]) -> [UnsafeMutablePointer<CChar>] {
        let given = UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
            .suffix(arguments.count)
        let areThese =
            given.count == arguments.count
            && zip(given, arguments).allSatisfy { bytes, word in bytes.map { String(cString: $0) } == word }
        return areThese ? given.compactMap { $0.flatMap { strdup($0) } } : arguments.compactMap { strdup($0) }
    }

    /// What it read and wrote, once it has ended and before anybody asked how: its children's are then in it.
    func io() -> OtherIO.CommandIO? {
        (try? String(contentsOfFile: "/proc/\(process)/io", encoding: .utf8)).flatMap { OtherIO.CommandIO($0) }
    }

    /// It has ended, and `endedStatus` says how.
    var hasEnded: Bool {
        var info = siginfo_t()
        return waitid(P_PID, UInt32(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == SIGCHLD
    }

    /// How it ended, when it has: its exit status, or 128 + the signal that ended it.
    public func endedStatus() -> Int32? {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }

    public func send(_ signal: Int32) {
        kill(process, signal)
    }
}
