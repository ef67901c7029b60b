// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Synchronization

/// Ctrl-C, SIGTERM and the end of the terminal while recording: the first ends the recording, the second aborts it and kills the command.
public enum Interruption {
    private static let signal = Atomic<Int32>(0)
    private static let isFromTerminal = Atomic<Bool>(false)
    private static let command = Atomic<pid_t>(0)

    /// From now on a first signal is only noted; it also cuts short whatever the recorder sleeps in. A recorder calls it once
    /// its probes are loaded: until then there is nothing to be kept, and the verifier may take seconds, which Ctrl-C ends.
    public static func watch() {
        var action = sigaction()
        action.__sigaction_handler.sa_sigaction = { number, info, _ in
            guard Interruption.signal.exchange(number, ordering: .relaxed) == 0 else { Interruption.abort(number) }
            let fromKernel = info?.pointee.si_code == Int32(SI_KERNEL)
            Interruption.isFromTerminal.store(fromKernel, ordering: .relaxed)
        }
        action.sa_flags = SA_SIGINFO
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
        // nohup has it ignored, and means it.
        if !isIgnored(SIGHUP) { sigaction(SIGHUP, &action, nil) }
        // SIGCHLD must interrupt a sleep as well, so that a finished command is noticed at once.
        var noticed = sigaction()
        noticed.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGCHLD, &noticed, nil)
    }

    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// The command to kill when the user aborts; `nil` when it has ended.
    public static func watch(over child: TracedCommand?) {
        command.store(child?.process ?? 0, ordering: .relaxed)
    }

    /// Called from a signal handler.
    private static func abort(_ number: Int32) -> Never {
        let child = command.load(ordering: .relaxed)
        if child > 0 { kill(child, SIGKILL) }
        _exit(128 + number)
    }

    /// The first signal that came, if any.
    public static var received: Int32? {
        let number = signal.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// A signal that the terminal sent has reached the command too; one from `kill` was for us alone.
    static var mustBePassedOn: Bool {
        received != nil && !isFromTerminal.load(ordering: .relaxed)
    }
}
