// SPDX-License-Identifier: GPL-2.0-only

/// The records of one CPU in the order they were written: walks the ring buffer's pages.
final class CPURecords {
    let cpu: UInt16
    /// The record at hand; its memory stays until the next `advance`.
    private(set) var record = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Its time, in units of the trace's clock.
    private(set) var time: UInt64 = 0
    /// Events lost before the record at hand: `nil` none, 0 an unknown number.
    private(set) var lost: UInt64?

    private let source: PageSource
    private let layout: PageLayout
    private let order: ByteOrder
    private let pageSize: Int
    /// Which of the file's buffers it is of.
    let buffer: Int
    private var pages = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Within the piece: the page at hand ends, and its written part ends.
    private var pageEnd = 0
    private var position = 0
    private var end = 0

    init(_ part: TraceDatFile.CPUPart, of dat: TraceDatFile) {
        cpu = UInt16(clamping: part.cpu)
        source = PageSource(part, of: dat)
        layout = dat.page
        order = dat.header.order
        pageSize = part.pageSize
        buffer = part.buffer
    }

    private enum Entry {
        static let padding: UInt32 = 29
        static let timeExtend: UInt32 = 30
        static let timeStamp: UInt32 = 31
        static let deltaBits: UInt64 = 27
    }

    /// Takes up the next record.
    /// - Returns: `false` when there is none.
    func advance(_ damages: inout TraceDamages) throws(TraceError) -> Bool {
        lost = nil
        while true {
            guard position + 4 <= end else {
                guard try nextPage(&damages) else { return false }
                continue
            }
            let header = entry(pages.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            let kind = header & 0x1f
            let delta = UInt64(header >> 5)
            switch kind {
            case 1...28:
                time &+= delta
                if take(from: position + 4, length: Int(kind) * 4) { return true }
                damage(&damages)
            case 0:
                time &+= delta
                guard let word = word(at: position + 4), word >= 4 else { damage(&damages); continue }
                let length = Int(word) - 4
                if take(from: position + 8, length: (length + 3) & ~3) { return true }
                damage(&damages)
            case Entry.padding:
                // Without a delta the rest of the page is empty; else it is an event that was taken back.
                guard delta != 0, let word = word(at: position + 4), word >= 4, position + 4 + Int(word) <= end else {
                    position = end
                    continue
                }
                time &+= delta
                position += 4 + Int(word)
            default:
                guard let high = word(at: position + 4) else { damage(&damages); continue }
                let value = UInt64(high) << Entry.deltaBits | delta
                // A time stamp has 59 bits; the highest five stay.
                time = kind == Entry.timeExtend ? time &+ value : time & ~(1 << 59 - 1) | value
                position += 8
            }
        }
    }

    private func take(from start: Int, length: Int) -> Bool {
        guard length >= 8, start + length <= end else { return false }
        record = UnsafeRawBufferPointer(rebasing: pages[start..<(start + length)])
        position = start + length
        return true
    }

    /// Where it is in the file, by the piece at hand.
    var fileOffset: UInt64 { source.offset }

    /// Two bit fields, of which the first is at the low end; on a big-endian machine at the high one.
    @inline(__always)
    private func entry(_ word: UInt32) -> UInt32 {
        guard order == .big else { return word }
        let word = word.byteSwapped
        return word << 5 | word >> 27
    }

    private func word(at offset: Int) -> UInt32? {
        offset + 4 <= end ? order.native(pages.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) : nil
    }

    /// A `long` of the traced machine.
    private func long(at offset: Int) -> UInt64 {
        layout.commitSize == 8
            ? order.native(pages.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            : UInt64(order.native(pages.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    private func damage(_ damages: inout TraceDamages) {
        damages.add("a damaged page of CPU \(cpu)", at: source.offset &+ UInt64(position))
        position = end
    }

    private func nextPage(_ damages: inout TraceDamages) throws(TraceError) -> Bool {
        if pageEnd + pageSize > pages.count {
            guard try source.next(&damages) else { return false }
            pages = source.piece
            pageEnd = 0
        }
        let start = pageEnd
        pageEnd += pageSize
        time = order.native(pages.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        let commit = long(at: start + layout.commitOffset)
        let used = Int(commit & 0xfffff)
        position = start + layout.dataOffset
        end = position + used
        guard end <= pageEnd else {
            end = position
            damages.add("a damaged page of CPU \(cpu)", at: source.offset &+ UInt64(start))
            return true
        }
        if commit & 1 << 31 != 0 { lost = lostCount(stored: commit & 1 << 30 != 0) }
        return true
    }

    /// The number stands behind the page's events, if there was room.
    private func lostCount(stored: Bool) -> UInt64 {
        guard stored, end + layout.commitSize <= pageEnd else { return 0 }
        return long(at: end)
    }
}
