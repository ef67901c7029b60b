// SPDX-License-Identifier: GPL-2.0-only

extension [UInt8] {
    /// Changes a byte, cuts something out or puts some of `original` in, somewhere.
    /// - Parameter other: the fourth way; gets where, and from there some bytes.
    mutating func damage(
        by random: inout some RandomNumberGenerator, original: [UInt8], or other: (inout [UInt8], Range<Int>) -> Void
    ) {
        let place = Int.random(in: 0..<count, using: &random)
        let size = Swift.min(Int.random(in: 1...300, using: &random), count - place)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: self[place] = .random(in: 0 ... .max, using: &random)
        case 1: removeSubrange(place..<place + size)
        case 2: insert(contentsOf: original.prefix(size), at: place)
        default: other(&self, place..<place + size)
        }
    }
}
