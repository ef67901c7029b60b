// SPDX-License-Identifier: GPL-2.0-only

import KernelTraces

/// Who learns how far reading a file has come, from any thread.
public protocol ReadingListener: Sendable {
    /// - Parameter part: of the file, from 0 to 1.
    func reading(_ name: String, part: Double)
    /// - Parameters:
    ///   - bytes: so far.
    ///   - size: of how many, 0 when that is not known.
    func reading(_ name: String, bytes: UInt64, of size: UInt64)
    func readingEnded()
    /// Reading has begun, and can end early from now on.
    func readingCanEnd()
    /// What was read so far is to be all. Asked only after that.
    var wantsEnd: Bool { get }
}

extension Optional where Wrapped == any ReadingListener {
    /// Reports what `body` reads from `file`.
    func showing<Result>(_ file: OpenFile, _ body: () throws -> Result) rethrows -> Result {
        guard let self else { return try body() }
        let name = file.name
        file.progress = { self.reading(name, bytes: $0, of: $1) }
        defer {
            file.progress = nil
            self.readingEnded()
        }
        return try body()
    }
}
