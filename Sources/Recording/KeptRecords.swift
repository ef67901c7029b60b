// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Host
import Probes
import SystemPackage

/// The records of the last while, as they came: a ring in memory that a capture can be made of.
final class KeptRecords {
    private struct Block {
        var began: UInt64
        var records = KeptBytes()
    }

    /// Nanoseconds that are kept, if there is room.
    private let span: UInt64
    private let mostBytes: Int
    private var blocks: [Block] = []
    private var size = 0
    /// The name of each thread, as it came: it may be older than what is kept.
    private var threads: [UInt32: [UInt8]] = [:]
    private static let blockNanoseconds: UInt64 = 1_000_000_000
    private static let mostThreads = 65_536

    init(span: UInt64, mostBytes: Int) {
        (self.span, self.mostBytes) = (span, mostBytes)
    }

    /// Since when records are kept, CLOCK_MONOTONIC.
    var began: UInt64? { blocks.first?.began }

    func take(_ record: UnsafeRawBufferPointer, now: UInt64) {
        if record.count == MemoryLayout<probe_task>.size {
            let thread = record.loadUnaligned(as: probe_task.self).tid
            if threads.count < Self.mostThreads || threads[thread] != nil { threads[thread] = Array(record) }
            return
        }
        if blocks.last.map({ now &- $0.began >= Self.blockNanoseconds }) ?? true {
            blocks.append(Block(began: now))
            forget(before: now > span ? now - span : 0)
        }
        blocks[blocks.count - 1].records.append(record)
        size += record.count
        while size > mostBytes, blocks.count > 1 { forgetFirst() }
    }

    /// A block is kept as long as its last record may be young enough.
    private func forget(before: UInt64) {
        while blocks.count > 1, blocks[1].began <= before { forgetFirst() }
    }

    private func forgetFirst() {
        size -= blocks[0].records.bytes.count
        blocks.removeFirst()
    }

    /// Writes all of them, the threads' names first.
    func write(to writer: CaptureWriter) throws(CaptureError) {
        for name in threads.values { try writer.append(name) }
        for block in blocks {
            try block.records.forEach { (record) throws(CaptureError) in try writer.append(record) }
        }
    }
}
