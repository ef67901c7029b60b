// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Host
import Sweep

/// The sweep's side of its guard. What the guard has acknowledged is put right whatever becomes of this process: the
/// guard sees the end of the pipe, also after a SIGKILL.
final class Guardian {
    private let process: pid_t
    private var orders: Int32
    private let answers: Int32

    init() throws(Failure) {
        var down: [Int32] = [0, 0]
        var up: [Int32] = [0, 0]
        guard pipe(&down) == 0, pipe(&up) == 0 else { throw Self.failure() }
        // Closed in fio: or a fio that outlives us would keep the guard waiting.
        for end in down + up { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        process = try Self.spawn(input: down[0], output: up[1])
        close(down[0])
        close(up[1])
        (orders, answers) = (down[1], up[0])
        try awaitAnswer()
    }

    private static func spawn(input: Int32, output: Int32) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        let words = ["dioscope", GuardCommand.configuration.commandName ?? ""]
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, "/proc/self/exe", &actions, nil, pointers, environ)
        guard status == 0 else {
            errno = status
            throw failure()
        }
        return child
    }

    private static func failure() -> Failure {
        Failure(.unavailable, "cannot start the guard of the sweep: \(errorText())")
    }

    /// Returns when the guard has written it down.
    func send(_ order: GuardOrder) throws(Failure) {
        try Terminal.write(order.line, to: orders)
        try awaitAnswer()
    }

    private func awaitAnswer() throws(Failure) {
        var byte: UInt8 = 0
        while true {
            let count = read(answers, &byte, 1)
            if count == 1 { return }
            guard count < 0, errno == EINTR else {
                throw Failure(
                    .cannotCreate, "the guard of the sweep has ended",
                    hint: "it keeps what must be restored in \(GuardState.directory)")
            }
        }
    }

    /// Lets the guard put everything right.
    ///
    /// - Returns: `false` when something could not be; the guard has said what.
    func dismiss() -> Bool {
        guard orders >= 0 else { return true }
        close(orders)
        orders = -1
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        close(answers)
        return status == 0
    }
}
