// SPDX-License-Identifier: GPL-2.0-only

/// A process whose I/Os the filters left out.
public struct LeftOutProcess: Equatable, Sendable {
    public var process: UInt32
    /// Of the thread that submitted the first; untrusted.
    public var name: String
    public var ios: UInt64

    public init(process: UInt32, name: String, ios: UInt64) {
        (self.process, self.name, self.ios) = (process, name, ios)
    }
}
