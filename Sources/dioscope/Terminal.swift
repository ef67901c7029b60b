// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Host
import Rendering

/// Where text goes: standard output and error, what they are, and when they go away.
enum Terminal {
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    static var output: Int32 { STDOUT_FILENO }
    static var messages: Int32 { STDERR_FILENO }

    /// Standard input is a pipe or a file: not a terminal, not nothing.
    static var isPipedInto: Bool {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFIFO || status.st_mode & S_IFMT == S_IFREG
    }

    /// Columns of a terminal, `nil` when it is none.
    static func columns(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard isTerminal(descriptor), ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
        else { return nil }
        return Int(size.ws_col)
    }

    /// Colour only on a terminal that has it, and never with NO_COLOR (https://no-color.org).
    static func wantsColour(_ descriptor: Int32) -> Bool {
        isTerminal(descriptor) && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)
            && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    /// Writes everything; ends the process quietly when the reader of a pipe is gone.
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) throws(Failure) {
        try write(Array(text.utf8), to: descriptor)
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                exit(ExitStatus.ok.rawValue)
            } else if errno != EINTR {
                throw Failure(.inputOutput, "cannot write the output: \(errorText())")
            }
        }
    }

    /// Puts a line in place of the one on the messages' terminal; it stays open, to be replaced.
    static func replaceLine(with text: String = "") {
        try? write("\r\u{1b}[K" + text, to: STDERR_FILENO)
    }

    /// A message of dioscope's own, one line on standard error; names in it are made safe to print.
    static func say(_ line: String) {
        try? write("dioscope: \(EscapedText(line))\n", to: STDERR_FILENO)
    }

    /// What to do about the message before.
    static func advise(_ line: String) {
        try? write("  -> \(EscapedText(line))\n", to: STDERR_FILENO)
    }
}
