// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Glibc
import Joiner
import KernelTraces

/// The bytes that libFuzzer made up, as each reader takes them. Errors are answers; traps are findings.
struct FuzzInput {
    let bytes: [UInt8]

    init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
        bytes = Array(UnsafeBufferPointer(start: start, count: count))
    }

    func traceDat() -> Int32 {
        if let file = try? OpenFile(holding: bytes), let reader = try? TraceDatReader(file) { join(reader) }
        return 0
    }

    func text(_ format: TextFormat) -> Int32 {
        join(TextReader(format, MemoryStream(bytes), prefix: bytes))
        return 0
    }

    /// Whatever a file is recognised as; perf's own files are perf's to read, and what xz and bzip2 packed is theirs.
    func input() -> Int32 {
        let others = [Array("PERFILE2".utf8), [0xfd] + Array("7zXZ".utf8), Array("BZh".utf8)]
        guard !others.contains(where: { bytes.starts(with: $0) }), let file = try? OpenFile(holding: bytes),
            let input = try? TraceInput(file, isCapture: { CaptureReader.recognises($0) })
        else { return 0 }
        switch input.content {
        case .text(let format, let stream, let prefix): join(TextReader(format, stream, prefix: prefix))
        case .traceDat(let dat): if let reader = try? TraceDatReader(dat) { join(reader) }
        case .savedReport(let stream), .savedSweep(let stream): _ = try? stream.content(atMost: 1 << 20)
        case .capture: break
        }
        return 0
    }

    func capture() -> Int32 {
        if let reader = try? CaptureReader(bytes: bytes, name: "fuzz") { _ = try? reader.read { check($0) } }
        // Made-up records occupancy anything.
        let packed = PackedInput.capture(bytes)
        if let reader = try? CaptureReader(bytes: packed, name: "fuzz") { _ = try? reader.read { _ in } }
        return 0
    }

    /// Every nine bytes are an event: few threads, CPUs and pointers, so that they meet.
    func events() -> Int32 {
        var text: [UInt8] = []
        var time: UInt64 = 1_000_000
        for start in stride(from: 0, to: bytes.count - 8, by: 9) {
            let event = Array(bytes[start..<(start + 9)])
            time += UInt64(event[0])
            text += Array(FuzzEvent(event).line(at: time).utf8)
        }
        join(TextReader(.ftrace, MemoryStream(text), prefix: []))
        return 0
    }

    private func join(_ reader: any TraceReader) {
        var joiner = Joiner(rule: reader.description.completionRule, reader: reader, isLossy: bytes.count & 1 != 0)
        _ = try? reader.read { joiner.add($0) { check($0) } }
        joiner.finish { check($0) }
        for occupancy in joiner.occupancies { precondition(occupancy.from <= occupancy.until) }
    }

    /// Who occupied the CPU sums to the wait.
    private func check(_ io: DirectIO) {
        guard io.queueWaitOccupants.isKnown, let queued = io.workQueued, let started = io.workStarted, started >= queued
        else { return }
        precondition(io.queueWaitOccupants.total == started.nanoseconds(since: queued))
    }
}

/// One line of ftrace's, chosen by nine bytes.
struct FuzzEvent {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func line(at microseconds: UInt64) -> String {
        let fraction = String(microseconds % 1_000_000)
        let time = "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
        let context = [".....", "d.h1.", "..s1.", "d.H1."][Int(bytes[1] & 3)]
        let comm = bytes[2] & 8 != 0 ? "     kworker/1:1" : "             fio"
        return "\(comm)-\(bytes[2] & 3)     [00\(bytes[3] & 1)] \(context) \(time): \(body)\n"
    }

    private var body: String {
        let offset = "0x\(bytes[5] & 3)000"
        let work = "00000000bf7ad89\(bytes[6] & 3)"
        let iocb = "0xff\(bytes[7] & 3)0"
        let function = bytes[8] & 1 != 0 ? "vmstat_update" : "iomap_dio_complete_work"
        let file = "dev 259:1 ino 0xc size 0x1000000 offset \(offset)"
        switch bytes[4] % 18 {
        case 0:
            return
                "iomap_dio_rw_begin: \(file) length 0x1000 done_before 0x0 flags DIRECT|WRITE|NOWAIT dio_flags  aio 1"
        case 1: return "iomap_dio_rw_queued: \(file) length 0x0"
        case 2:
            return "iomap_dio_complete: \(file) flags DIRECT|WRITE aio 1 error 0 ret \(bytes[8] & 1 == 0 ? 4096 : -11)"
        case 3: return "block_bio_queue: 259,1 WS \(bytes[5] & 7) + \(bytes[6] & 7) [fio]"
        case 4: return "block_rq_issue: 259,1 WS 4096 () \(bytes[5] & 7) + 8 be,0,4 [fio]"
        case 5: return "block_rq_complete: 259,1 WS () \(bytes[5] & 7) + 8 be,0,4 [0]"
        case 6: return "workqueue_queue_work: work struct=\(work) function=\(function) workqueue=x req_cpu=1 cpu=1"
        case 7: return "workqueue_execute_start: work struct \(work): function \(function)"
        case 8: return "workqueue_execute_end: work struct \(work): function \(function)"
        case 9: return "irq_handler_entry: irq=\(bytes[5]) name=x"
        case 10: return "irq_handler_exit: irq=1 ret=handled"
        case 11: return "softirq_entry: vec=4 [action=BLOCK]"
        case 12: return "softirq_exit: vec=4 [action=BLOCK]"
        case 13:
            return "sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=R ==> next_comm=kworker/1:1"
                + " next_pid=\(bytes[5] & 3) next_prio=120"
        case 14:
            return
                "iomap_dio_bio_end_io: (iomap_dio_bio_end_io+0x4/0x170) iocb=\(iocb) ref=\(bytes[6] & 1) flags=0x40000000"
        case 15:
            return
                "iomap_dio_rw: (iomap_dio_rw+0x0/0x3f0) iocb=\(iocb) pos=\(offset) ki_flags=0x60000 ino=12 dev=271581185 count=4096"
        case 16: return "iomap_dio_complete: (iomap_dio_complete+0x0/0x1d0) iocb=\(iocb)"
        default: return "io_req_rw_complete: (io_req_rw_complete+0x0/0x90) req=\(iocb)"
        }
    }
}
