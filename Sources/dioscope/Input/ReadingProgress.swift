// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Host
import KernelTraces
import Rendering
import Synchronization

/// How far reading a file has come: a line on standard error once it takes longer than a second, if that is a terminal.
final class ReadingProgress: Sendable {
    private let name: String
    private let isShown = Terminal.isTerminal(STDERR_FILENO)
    private let line = Mutex((next: Box.monotonic + 1_000_000_000, isThere: false))

    private static let interval: UInt64 = 200_000_000

    init(of name: String) {
        self.name = name
    }

    deinit {
        if line.withLock({ $0.isThere }) { Terminal.replaceLine() }
    }

    /// - Parameter part: of the file that was read, from 0 to 1.
    func show(_ part: Double) {
        guard isShown, isDue() else { return }
        let percent = Int(part.isFinite ? 100 * part : 0)
        Terminal.replaceLine(with: "\(EscapedText(name)): \(percent)% read")
    }

    /// - Parameters:
    ///   - read: bytes so far.
    ///   - size: of how many, 0 when that is not known.
    func show(_ read: UInt64, of size: UInt64) {
        guard size == 0 else { return show(min(1, Double(read) / Double(size))) }
        guard isShown, isDue() else { return }
        Terminal.replaceLine(with: "\(EscapedText(name)): \(read >> 20) MiB read")
    }

    /// Shows it while `body` reads from `files`.
    static func showing<Result>(_ files: [OpenFile], _ body: () throws -> Result) rethrows -> Result {
        guard let name = files.first?.name else { return try body() }
        let progress = ReadingProgress(of: name)
        for file in files { file.progress = { progress.show($0, of: $1) } }
        defer { for file in files { file.progress = nil } }
        return try body()
    }

    private func isDue() -> Bool {
        line.withLock { line in
            let now = Box.monotonic
            guard now >= line.next else { return false }
            line = (now + Self.interval, true)
            return true
        }
    }
}
