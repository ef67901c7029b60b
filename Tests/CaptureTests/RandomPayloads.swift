// SPDX-License-Identifier: GPL-2.0-only

/// Bytes that are no records, to be packed all the same.
enum RandomPayloads {
    /// From noise to nearly nothing but zeros.
    static func fromNoiseToZeros(bytes: Int, seed: UInt64) -> [[UInt8]] {
        var random = SplitMix(state: seed)
        return (0...8).map { zeros in
            (0..<bytes).map { index in
                Int.random(in: 0...8, using: &random) < zeros || (index % 16 > 3 && zeros > 0)
                    ? 0 : UInt8.random(in: 0 ... .max, using: &random)
            }
        }
    }
}
