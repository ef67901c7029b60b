// SPDX-License-Identifier: GPL-2.0-only

/// Differences near 0, of either sign, as small numbers: 0, -1, 1, -2 are 0, 1, 2, 3.
enum ZigZag {
    @inline(__always)
    static func fold(_ difference: UInt64) -> UInt64 {
        difference << 1 ^ UInt64(bitPattern: Int64(bitPattern: difference) >> 63)
    }

    @inline(__always)
    static func unfold(_ code: UInt64) -> UInt64 {
        code >> 1 ^ (0 &- (code & 1))
    }
}
