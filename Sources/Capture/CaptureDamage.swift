// SPDX-License-Identifier: GPL-2.0-only

/// One place where a capture is not as it was written.
public struct CaptureDamage: Hashable, Sendable, CustomStringConvertible {
    /// Where it begins, in bytes from the start of the file.
    public var offset: UInt64
    public var problem: Problem
    /// Bytes that could not be used.
    public var bytesLost: UInt64
    /// I/Os in those bytes; `nil` when that is not known.
    public var iosLost: UInt64?

    public init(offset: UInt64, problem: Problem, bytesLost: UInt64, iosLost: UInt64?) {
        self.offset = offset
        self.problem = problem
        self.bytesLost = bytesLost
        self.iosLost = iosLost
    }

    public enum Problem: Hashable, Sendable {
        /// The file ends without its end mark.
        case cut
        /// No chunk where one must begin.
        case header
        /// The payload's checksum is wrong.
        case payload
        /// The chunk has flags that this version does not know.
        case flags(UInt16)
        /// The record count of the chunk does not fit its length.
        case count
        /// What should be packed records is not.
        case packing
        /// The JSON of the chunk is not what its kind promises.
        case json
        /// A second recording begins; only the first is read.
        case secondSession
        /// Bytes after the end mark.
        case afterEnd
        /// Nothing is damaged, yet the end mark counts another number of I/Os than there are.
        case miscounted(expected: UInt64, found: UInt64)
    }

    public var description: String {
        let bytes = "\(bytesLost) bytes"
        let ios = iosLost.map { $0 == 0 ? "no I/Os" : $0 == 1 ? "1 I/O" : "\($0) I/Os" } ?? "an unknown number of I/Os"
        switch problem {
        case .cut:
            return "cut at byte \(offset &+ bytesLost): the end mark is missing, "
                + "\(bytes) after the last whole chunk dropped"
        case .header:
            return "damaged at byte \(offset): no chunk begins here, \(bytes) with \(ios) skipped"
        case .payload:
            return "damaged at byte \(offset): wrong checksum, a chunk of \(bytes) with \(ios) skipped"
        case .flags(let flags):
            return "chunk at byte \(offset) has unknown flags 0x\(String(flags, radix: 16)), "
                + "\(bytes) with \(ios) skipped; use a newer dioscope"
        case .count:
            return "damaged at byte \(offset): record count does not fit the length, \(bytes) with \(ios) skipped"
        case .packing:
            return "damaged at byte \(offset): packed records cannot be unpacked, \(bytes) with \(ios) skipped"
        case .json:
            return "damaged at byte \(offset): unreadable JSON, \(bytes) skipped"
        case .secondSession:
            return "a second recording begins at byte \(offset), only the first is read: \(bytes) skipped"
        case .afterEnd:
            return "the end mark is before byte \(offset), more follows: \(bytes) skipped"
        case .miscounted(let expected, let found):
            return "the end mark counts \(expected) I/Os, the file holds \(found)"
        }
    }
}
