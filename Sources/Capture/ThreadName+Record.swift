// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension ThreadName {
    /// The highest thread number that Linux gives out; bounds the names that a reader keeps.
    static let highestThread: UInt32 = 1 << 22

    /// Decodes a record of the probes. The name is the kernel's up to the first NUL, invalid UTF-8 repaired;
    /// it may hold control characters.
    /// - Returns: `nil` when it is not a record of a thread: another kind, or a number that no thread can have.
    public init?(record: probe_task) {
        guard UInt32(record.kind) == PROBE_RECORD_TASK.rawValue, record.tid <= Self.highestThread else { return nil }
        let name = withUnsafeBytes(of: record.comm) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        self.init(thread: record.tid, process: record.tgid, name: name)
    }
}

extension probe_task {
    /// The record of `thread`; a name of more than 15 bytes is cut, as in the kernel.
    public init(_ thread: ThreadName) {
        self.init()
        kind = UInt8(truncatingIfNeeded: PROBE_RECORD_TASK.rawValue)
        tid = thread.thread
        tgid = thread.process
        withUnsafeMutableBytes(of: &comm) { $0.copyBytes(from: thread.name.utf8.prefix($0.count - 1)) }
    }
}
