// SPDX-License-Identifier: GPL-2.0-only

/// What a kprobe event's fetch arguments said; `Documentation/Importing.md` gives their names.
public struct ProbeArguments: Sendable {
    public struct Present: OptionSet, Sendable {
        public let rawValue: UInt32

        @inlinable
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        @inlinable
        init(_ field: Field) {
            rawValue = 1 << UInt32(field.rawValue)
        }
    }

    /// In the order of `names`.
    public enum Field: UInt8, CaseIterable, Sendable {
        case iocb, dio, position, length, inode, device, ioFlags, issuer, flags, references, error, status, waiter,
            pages, fileSize, done, result, dioFlags, direction, defers, asynchronous
    }

    /// The names that a field may have in a trace.
    static let names: [(String, Field)] = [
        ("iocb", .iocb), ("req", .iocb), ("dio", .dio), ("pos", .position), ("count", .length), ("ino", .inode),
        ("dev", .device), ("ki_flags", .ioFlags), ("complete", .issuer), ("flags", .flags), ("ref", .references),
        ("error", .error), ("status", .status), ("waiter", .waiter), ("wait", .waiter), ("nrpages", .pages),
        ("isize", .fileSize), ("done", .done), ("ret", .result), ("res", .result), ("dio_flags", .dioFlags),
        ("write", .direction), ("defer", .defers), ("async", .asynchronous),
    ]

    static func field(named name: String) -> Field? { names.first { $0.0 == name }?.1 }

    public var present: Present = []
    /// By `Field.rawValue`; `issuer` is the raw value of the `KernelFunction` index it was resolved to.
    var values = InlineArray<21, UInt64>(repeating: 0)

    @inlinable
    public init() {}

    /// The value, `nil` when the probe has no such argument.
    public subscript(field: Field) -> UInt64? {
        get { present.contains(Present(field)) ? values[Int(field.rawValue)] : nil }
        set {
            guard let newValue else { return }
            present.insert(Present(field))
            values[Int(field.rawValue)] = newValue
        }
    }

    /// Who is called back, as far as `complete` was recorded: 0 nobody, else a function of the kernel.
    public var issuer: KernelFunction?
    /// `ki_flags`.
    public var flags: IOFlags?
}
