// SPDX-License-Identifier: GPL-2.0-only

/// The order of the bytes of a number, as the traced machine has it.
enum ByteOrder {
    case little, big

    /// A number as it was read from a file, in the order of this machine.
    @inline(__always)
    func native<Value: FixedWidthInteger>(_ value: Value) -> Value {
        self == .big ? Value(bigEndian: value) : Value(littleEndian: value)
    }
}
