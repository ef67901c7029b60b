// SPDX-License-Identifier: GPL-2.0-only

/// Flags of a kiocb that describe an I/O, with the differences between kernels removed.
public struct IOFlags: OptionSet, Sendable {
    public let rawValue: UInt16

    @inlinable
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public static let polled = IOFlags(rawValue: 1 << 0)
    public static let dataSync = IOFlags(rawValue: 1 << 1)
    public static let sync = IOFlags(rawValue: 1 << 2)
    public static let noWait = IOFlags(rawValue: 1 << 3)
    public static let direct = IOFlags(rawValue: 1 << 4)
    public static let write = IOFlags(rawValue: 1 << 5)
    /// `IOCB_AIO_RW`: libaio's.
    public static let libaio = IOFlags(rawValue: 1 << 6)
    /// `IOCB_DIO_CALLER_COMP`: io_uring offers to complete it.
    public static let callerCompletion = IOFlags(rawValue: 1 << 7)
    /// Only writes are.
    public static let atomic = IOFlags(rawValue: 1 << 8)
    /// Bits that no direct I/O has: that `write` is not among them says nothing.
    public static let doubtful = IOFlags(rawValue: 1 << 9)
}

/// What the bits of `ki_flags` mean in the traced kernel. Bits 0 to 19 never changed; bit 22 was the caller's offer
/// until 6.18 and is libaio's mark since 6.19, which bit 23 was before.
struct IOFlagBits {
    var libaio: UInt32 = 0
    var callerCompletion: UInt32 = 0

    @inlinable
    func flags(_ raw: UInt32) -> IOFlags {
        var flags: IOFlags = []
        if raw & 1 << 0 != 0 { flags.insert(.polled) }
        if raw & 1 << 1 != 0 { flags.insert(.dataSync) }
        if raw & 1 << 2 != 0 { flags.insert(.sync) }
        if raw & 1 << 3 != 0 { flags.insert(.noWait) }
        if raw & 1 << 6 != 0 { flags.insert(.atomic) }
        if raw & 1 << 17 != 0 { flags.insert(.direct) }
        if raw & 1 << 18 != 0 { flags.insert(.write) }
        if raw & libaio != 0 { flags.insert(.libaio) }
        if raw & callerCompletion != 0 { flags.insert(.callerCompletion) }
        // IOCB_WAITQ and IOCB_NOIO are for what goes through the page cache.
        if raw & (1 << 19 | 1 << 20) != 0, flags.contains(.direct) { flags.insert(.doubtful) }
        return flags
    }
}
