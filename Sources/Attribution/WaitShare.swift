// SPDX-License-Identifier: GPL-2.0-only

/// One cause of one wait, or one name of it.
public struct WaitShare: Equatable, Sendable {
    public var cause: WaitCause
    /// Untrusted; `nil` when there is none.
    public var name: String?
    public var nanoseconds: UInt64
}
