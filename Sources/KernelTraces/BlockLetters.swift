// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

extension BlockRange {
    /// - Parameter letters: `rwbs`: what is done, and how.
    @inline(__always)
    init(device: UInt32, sector: UInt64, sectors: UInt32, letters: UnsafeRawBufferPointer) {
        let (kind, hasFlush) = Self.kind(letters)
        self.init(
            device: device, sector: sector, sectors: sectors, kind: kind, hasFlush: hasFlush,
            hasFUA: letters.dropFirst(hasFlush ? 1 : 0).contains(UInt8(ascii: "F")),
            isForeign: sectors == 0 || !kind.movesData || letters.contains(UInt8(ascii: "M")))
    }

    /// The first letter, behind the `F` of a flush that comes before it. `blk_fill_rwbs()` of the kernel writes them: a
    /// flush of its own is `FF`, and `F` and `FN` of blkparse; without a letter for it, `N` is anything else.
    @inline(__always)
    private static func kind(_ letters: UnsafeRawBufferPointer) -> (RequestKind, hasFlush: Bool) {
        guard let first = letters.first else { return (.other, false) }
        if first == UInt8(ascii: "R") { return (.read, false) }
        let hasFlush = first == UInt8(ascii: "F")
        let place = hasFlush ? 1 : 0
        let letter = place < letters.count ? letters[place] : 0
        let next = place + 1 < letters.count ? letters[place + 1] : 0
        switch letter {
        case UInt8(ascii: "W"): return (next == UInt8(ascii: "Z") ? .writeZeroes : .write, hasFlush)
        case UInt8(ascii: "R"): return (.read, hasFlush)
        case UInt8(ascii: "D"): return (.discard, hasFlush)
        case UInt8(ascii: "Z"): return (next == UInt8(ascii: "A") ? .append : .zone, hasFlush)
        default: return (hasFlush ? .flush : .other, hasFlush)
        }
    }
}
