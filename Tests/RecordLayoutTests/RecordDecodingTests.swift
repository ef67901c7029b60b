// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Testing

/// A record in which byte `n` occupancies `n`, but for the kind.
private func patterned() -> probe_io {
    var bytes = (0..<128).map { UInt8($0) }
    bytes[0] = 1
    return bytes.withUnsafeBytes { $0.loadUnaligned(as: probe_io.self) }
}

/// The little-endian number whose first byte is `offset`, modulo 256.
private func number<Value: FixedWidthInteger>(at offset: Int, _ type: Value.Type = Value.self) -> Value {
    (0..<MemoryLayout<Value>.size).reduce(0) { $0 | Value(UInt8(truncatingIfNeeded: offset + $1)) << Value($1 * 8) }
}

struct RecordDecodingTests {
    @Test func everyFieldIsTakenFromItsPlace() throws {
        var record = patterned()
        record.issuer = 3
        record.end_context = 1
        record.complete_context = 3
        let io = try #require(DirectIO(record: record))
        #expect(io.issuer == .ioUring)
        #expect(io.endContext == .hardirq)
        #expect(io.completeContext == .kworker)
        #expect(io.submitCPU == number(at: 4))
        #expect(io.endCPU == number(at: 6))
        #expect(io.workerCPU == number(at: 8))
        #expect(io.completionCPU == number(at: 10))
        #expect(io.facts.rawValue == number(at: 12))
        #expect(io.operation == .read)
        #expect(io.submitted.nanoseconds == number(at: 16))
        #expect(io.issued?.nanoseconds == number(at: 24))
        #expect(io.interrupted?.nanoseconds == number(at: 32))
        #expect(io.ended?.nanoseconds == number(at: 40))
        #expect(io.workQueued?.nanoseconds == number(at: 48))
        #expect(io.workStarted?.nanoseconds == number(at: 56))
        #expect(io.completed?.nanoseconds == number(at: 64))
        #expect(io.taskWorkRun?.nanoseconds == number(at: 80))
        #expect(io.inode == number(at: 88))
        #expect(io.offset == number(at: 96))
        #expect(io.device.kernelNumber == number(at: 104))
        #expect(io.length == number(at: 108))
        #expect(io.submitterThread == number(at: 112))
        #expect(io.workerThread == number(at: 116))
        #expect(io.irq == number(at: 120))
        #expect(io.error == number(at: 124))
        #expect(io.irqBatchPosition == number(at: 126))
    }

    @Test func everyFieldOfALifeIsTakenFromItsPlace() throws {
        var bytes = (0..<384).map { UInt8(truncatingIfNeeded: $0) }
        bytes[0] = 5
        let record = bytes.withUnsafeBytes { $0.loadUnaligned(as: probe_life.self) }
        let io = try #require(DirectIO(record: record))
        #expect(io.submitted.nanoseconds == number(at: 16))
        #expect(io.taskWorkOccupants.nanoseconds[7] == number(at: 188))
        let further = io.further
        #expect(further.attempted == number(at: 192))
        #expect(io[.returned]?.nanoseconds == number(at: 200))
        #expect(io[.requested]?.nanoseconds == number(at: 208))
        #expect(io.issued?.nanoseconds == number(at: 216))
        #expect(further.lastIssued == number(at: 24))
        #expect(io.times[.raised] == number(at: 224))
        #expect(io.times[.hopQueued] == number(at: 232))
        #expect(io.times[.hopStarted] == number(at: 240))
        #expect(further.firstAttempted == number(at: 248))
        #expect(further.deliveryOccupants.nanoseconds[0] == number(at: 256))
        #expect(further.waiterOccupants.nanoseconds[0] == number(at: 288))
        #expect(further.hopOccupants.nanoseconds[7] == number(at: 348))
        #expect(further.marks.rawValue == number(at: 352))
        #expect(further.requests == number(at: 356))
        #expect(further.bios == number(at: 358))
        #expect(further.requeues == number(at: 360))
        #expect(further.raiseCPU == number(at: 362))
        #expect(further.hopCPU == number(at: 364))
        #expect(further.hopThread == number(at: 368))
        #expect(further.stopped == number(at: 372))
        #expect(further.stolen == number(at: 376))
    }

    @Test func everyFieldOfALayerIsTakenFromItsPlace() throws {
        var bytes = (0..<560).map { UInt8(truncatingIfNeeded: $0) }
        bytes[0] = 6
        bytes.replaceSubrange(520..<552, with: Array("kcryptd_crypt".utf8) + [UInt8](repeating: 0, count: 19))
        let record = bytes.withUnsafeBytes { $0.loadUnaligned(as: probe_layered.self) }
        let io = try #require(DirectIO(record: record))
        let path = try #require(io.path)
        #expect(path.deliverer == "kcryptd_crypt")
        #expect(path.missed == 0x28)
        #expect(path.layers.count == 4)
        for (index, layer) in path.layers.enumerated() {
            func time(at offset: Int) -> UInt64 {
                number(at: 16) as UInt64 + UInt64(number(at: 384 + 32 * index + offset) as UInt32)
            }
            #expect(layer.device.kernelNumber == number(at: 384 + 32 * index))
            #expect(layer.entered == time(at: 4))
            #expect(layer.queued == time(at: 8))
            #expect(layer.started == time(at: 12))
            #expect(layer.issued == time(at: 16))
            #expect(layer.done == time(at: 20))
        }
    }

    @Test func everyFieldOfADeepOneIsTakenFromItsPlace() throws {
        var bytes = (0..<752).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        bytes[0] = 7
        let record = bytes.withUnsafeBytes { $0.loadUnaligned(as: probe_deep.self) }
        func number(at offset: Int) -> UInt32 {
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        }
        let submitted = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self) }
        let path = try #require(DirectIO(record: record)?.path)
        #expect(path.layers.count == 8)
        for (place, layer) in path.layers.enumerated() {
            let start = place < 4 ? 384 + 32 * place : 560 + 32 * (place - 4)
            #expect(layer.device.kernelNumber == number(at: start))
            #expect(layer.done == submitted &+ UInt64(number(at: start + 20)))
            #expect(layer.throttled == submitted &+ UInt64(number(at: 688 + 8 * place)))
            #expect(layer.firstIssued == submitted &+ UInt64(number(at: 692 + 8 * place)))
        }
    }

    /// Only seen in a disk below: what that one did is no border of the I/O.
    @Test func whatDidNotComeToItsOwnDeviceHasNoBorderThere() throws {
        var record = probe_layered()
        record.life.waited.io.kind = 6
        record.life.waited.io.submitted_ns = 1_000_000
        record.life.waited.io.issued_ns = 2_000_000
        record.life.requested_ns = 1_900_000
        record.life.returned_ns = 1_100_000
        record.life.marks = PROBE_LIFE_TOP_UNSEEN.rawValue
        record.layers.0.dev = 1
        record.layers.0.entered_ns = 900_000
        let io = try #require(DirectIO(record: record))
        #expect(io.path?.layers.count == 1)
        #expect(io.issued == nil && io[.requested] == nil && io[.returned]?.nanoseconds == 1_100_000)
    }

    @Test func aSleepOfTheSubmissionNeedsNoLayer() throws {
        var record = probe_layered()
        record.life.waited.io.kind = 6
        record.life.waited.io.submitted_ns = 1_000_000
        record.life.waited.io.issued_ns = 2_000_000
        record.asleep = (0x10, 0x01, 0)
        record.resumed = 0x200
        let io = try #require(DirectIO(record: record))
        #expect(io.path == nil)
        #expect(io[.resumed]?.nanoseconds == 1_000_000 + 0x200 * 256)
        #expect(io[.fellAsleep]?.nanoseconds == 1_000_000 + 0xf0 * 256)
        #expect(io.issued?.nanoseconds == 2_000_000)
        // Longer than since its submission: that cannot be.
        record.resumed = 0x10f
        #expect(try #require(DirectIO(record: record))[.resumed] == nil)
    }

    @Test func whatWasNotSeenIsNil() throws {
        var record = probe_io()
        record.kind = 1
        record.submitted_ns = 1
        record.submit_cpu = 0xffff
        record.end_cpu = 0xffff
        record.worker_cpu = 0xffff
        record.complete_cpu = 0xffff
        record.irq = 0xffff_ffff
        let io = try #require(DirectIO(record: record))
        let expected = DirectIO(
            submitted: Timestamp(nanoseconds: 1), submitterThread: 0, device: DeviceNumber(major: 0, minor: 0),
            inode: 0, offset: 0, length: 0, operation: .read, issuer: .unknown)
        #expect(io == expected)
    }

    @Test func zeroIsACPUAndAnInterrupt() throws {
        var record = probe_io()
        record.kind = 1
        record.submitted_ns = 1
        let io = try #require(DirectIO(record: record))
        #expect(io.submitCPU == 0)
        #expect(io.irq == 0)
    }

    @Test(
        arguments: [(0, .unknown), (1, .sync), (2, .libaio), (3, .ioUring), (4, .other), (5, .unknown)]
            as [(UInt8, Issuer)])
    func issuersHaveTheirNumbers(number: UInt8, issuer: Issuer) {
        var record = patterned()
        record.issuer = number
        #expect(DirectIO(record: record)?.issuer == issuer)
    }

    @Test(
        arguments: [
            (0, nil), (1, .hardirq), (2, .softirq), (3, .kworker), (4, .task), (5, .irqThread), (6, .ksoftirqd),
            (7, .ioWQ), (8, .idle), (9, nil), (255, nil),
        ]
            as [(UInt8, ExecutionContext?)])
    func contextsHaveTheirNumbers(number: UInt8, context: ExecutionContext?) {
        var record = patterned()
        record.end_context = number
        record.complete_context = number
        #expect(DirectIO(record: record)?.endContext == context)
        #expect(DirectIO(record: record)?.completeContext == context)
    }

    @Test func unknownFactsAreKept() throws {
        var record = patterned()
        record.facts = 0xffff_ffff
        let io = try #require(DirectIO(record: record))
        #expect(io.facts.rawValue == 0xffff_ffff)
        #expect(io.operation == .write)
        #expect(probe_io(io).facts == 0xffff_ffff)
    }

    @Test func factsHaveTheBitsOfTheHeader() {
        let facts: [(Facts, probe_fact)] = [
            (.write, PROBE_FACT_WRITE), (.dataSync, PROBE_FACT_DSYNC), (.sync, PROBE_FACT_SYNC),
            (.polled, PROBE_FACT_HIPRI), (.noWait, PROBE_FACT_NOWAIT), (.forceWait, PROBE_FACT_FORCE_WAIT),
            (.endSeen, PROBE_FACT_END_SEEN), (.endDecides, PROBE_FACT_END_DECIDES), (.waiter, PROBE_FACT_WAITER),
            (.needSync, PROBE_FACT_NEED_SYNC), (.writeThrough, PROBE_FACT_WRITE_THROUGH),
            (.unwritten, PROBE_FACT_UNWRITTEN), (.copyOnWrite, PROBE_FACT_COW),
            (.inlineCompletion, PROBE_FACT_INLINE_COMP), (.callerCompletion, PROBE_FACT_CALLER_COMP),
            (.completionWork, PROBE_FACT_COMP_WORK), (.extendsSize, PROBE_FACT_EXTENDS_ISIZE),
            (.pageCache, PROBE_FACT_PAGE_CACHE), (.endError, PROBE_FACT_END_ERROR),
            (.multiBio, PROBE_FACT_MULTI_BIO), (.endBySubmitter, PROBE_FACT_END_BY_SUBMITTER),
            (.bySubmitter, PROBE_FACT_BY_SUBMITTER),
            (.preemptedSubmitter, PROBE_FACT_PREEMPTED_SUBMITTER),
        ]
        for (fact, bit) in facts { #expect(fact.rawValue == bit.rawValue) }
    }

    @Test func otherRecordsAreNoIOs() {
        var record = patterned()
        record.kind = 2
        #expect(DirectIO(record: record) == nil)
        record = patterned()
        record.submitted_ns = 0
        #expect(DirectIO(record: record) == nil)
    }

    @Test func threadNamesEndAtNULAndAreRepaired() {
        var record = probe_task()
        record.kind = 2
        record.tid = 42
        record.tgid = 40
        let bytes: [UInt8] = Array("fio".utf8) + [0xff, 0x1b, 0, 0x41]
        withUnsafeMutableBytes(of: &record.comm) { $0.copyBytes(from: bytes) }
        #expect(ThreadName(record: record) == ThreadName(thread: 42, process: 40, name: "fio\u{fffd}\u{1b}"))
        withUnsafeMutableBytes(of: &record.comm) { $0.copyBytes(from: Array(repeating: 0x78, count: 16)) }
        #expect(ThreadName(record: record)?.name == String(repeating: "x", count: 16))
        record.tid = 5_000_000
        #expect(ThreadName(record: record) == nil)
        record.tid = 42
        record.kind = 1
        #expect(ThreadName(record: record) == nil)
    }

    @Test func longThreadNamesAreCutAsInTheKernel() {
        let name = ThreadName(thread: 1, process: 1, name: "abcdefghijklmnopqrstuvwxyz")
        #expect(ThreadName(record: probe_task(name))?.name == "abcdefghijklmno")
    }
}
