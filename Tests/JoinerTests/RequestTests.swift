// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

@testable import Joiner
@testable import KernelTraces

/// Requests of traces without direct I/Os. Times were worked out by hand, in microseconds.
@Suite struct RequestTests {
    /// In the order of their places.
    private func requests(_ odd: OddText) -> [DirectIO] { odd.all.sorted { $0.offset < $1.offset } }

    private func times(_ ios: [DirectIO], _ first: LifePoint, _ last: LifePoint) -> [UInt64?] {
        OddText.microseconds(ios, first, last)
    }

    @Test func aRequestEndsWithItsLastPart() throws {
        let odd = try OddText("requests-in-parts")
        let ios = requests(odd)
        #expect(ios.map(\.length) == [131_072, 131_072, 131_072])
        #expect(times(ios, .issued, .ended) == [200, 140, 300])
        // The first two are of one bio.
        #expect(times(ios, .returned, .requested) == [2, 7, nil])
        #expect(ios.map(\.error) == [0, 0, -5] && odd.losses.isEmpty && odd.counts.inFlight == 0)
    }

    /// A request that was made for a later place is the one that was issued; at places of what was merged nothing waits.
    @Test func whatWasMergedIsOfOneRequest() throws {
        let odd = try OddText("merged-requests")
        let ios = odd.all.sorted { $0.times[.issued] < $1.times[.issued] }
        #expect(ios.map(\.offset) == [92, 200, 100, 208].map { $0 * 512 })
        #expect(ios.map(\.length) == [12288, 8192, 4096, 4096])
        #expect(times(ios, .requested, .issued) == [5, 4, 5, 4])
        #expect(times(ios, .issued, .ended) == [100, 100, 40, 30])
        #expect(odd.counts.overlapping == 0 && odd.counts.inFlight == 0)
    }

    private func others(_ odd: OddText) -> [RequestKind: [UInt64]] {
        Dictionary(
            uniqueKeysWithValues: odd.others.map {
                ($0.kind, [$0.count, $0.times.count, $0.times.nanoseconds / 1000, $0.times.longest / 1000])
            })
    }

    /// The bio that asks for a flush ends as a request of its own, and is none that the device had.
    @Test func whatMovesNoDataIsCountedByItself() throws {
        let odd = try OddText("flushes")
        #expect(
            others(odd) == [
                .flush: [2, 2, 3000, 2000], .discard: [1, 1, 500, 500], .zone: [1, 1, 70, 70], .other: [1, 1, 40, 40],
            ])
        #expect(odd.others.map(\.errors) == [0, 0, 1, 0])
        #expect(times(odd.all, .issued, .ended) == [100] && odd.all.map(\.operation) == [.write])
        #expect(odd.losses.isEmpty)
    }

    @Test func flushesMayBeAllThereIs() throws {
        let odd = try OddText("flushes-alone")
        #expect(odd.all.isEmpty && others(odd) == [.flush: [2, 2, 3000, 2000]])
    }

    @Test func blkparseHasNoPlaceForThem() throws {
        let odd = try OddText("blkparse-flushes")
        #expect(others(odd) == [.flush: [1, 1, 2000, 2000], .other: [1, 1, 30, 30]])
        #expect(times(odd.all, .issued, .ended) == [300] && odd.summary.unparsed == 0)
    }

    /// Two of one zone, the longer one done first, and one of another.
    @Test func anAppendIsDoneWhereTheDevicePutIt() throws {
        let odd = try OddText("zone-appends")
        let ios = requests(odd)
        #expect(ios.map(\.offset) == [524400, 524416, 1_048_600].map { $0 * 512 })
        #expect(times(ios, .issued, .ended) == [60, 100, 40] && ios.allSatisfy { $0.operation == .write })
        #expect(odd.losses.isEmpty && odd.counts.overlapping == 0)
    }

    @Test func aBioOfALogicalVolumeIsThatOfItsDisk() throws {
        let odd = try OddText("remapped")
        #expect(odd.all.map(\.device) == [DeviceNumber(major: 259, minor: 0)])
        #expect(times(odd.all, .takenUp, .returned) == [7] && times(odd.all, .issued, .ended) == [80])
        #expect(odd.all.map(\.issuer) == [.ioUring] && odd.threads == ["bench"])
    }

    /// What a later interrupt queued, and what gives the device the next requests, followed none.
    @Test func whatFollowsARequestIsTold() throws {
        let odd = try OddText("follow-ups")
        #expect(odd.followUps.map(\.name) == ["ext4_convert_unwritten_extents", "ext4_end_io_rsv_work"])
        #expect(
            odd.followUps.map(\.times.count) == [1, 1] && odd.followUps.map { $0.times.nanoseconds / 1000 } == [17, 40])
        #expect(odd.counts.requests == 2 && odd.losses.isEmpty)
    }

    /// dm-crypt: what a kworker gave the disk, and when, says nothing of how long the submitter took.
    @Test func whatALayerDoesMeanwhileIsNoStageOfItsOwn() throws {
        let name = "dev 253:0 ino 0xc size 0x1000000"
        let lines = [
            "   fio-640     [001] ..... 10.000000: iomap_dio_rw_begin: \(name) offset 0x1000 length 0x1000 done_before 0x0"
                + " flags DIRECT|WRITE|AIO_RW dio_flags  aio 1",
            "   fio-640     [001] ..... 10.000010: block_bio_queue: 253,0 WS 1000 + 8 [fio]",
            "   fio-640     [001] ..... 10.000012: iomap_dio_rw_queued: \(name) offset 0x2000 length 0x0",
            "   kworker/u8:1-99 [002] ..... 10.000040: block_bio_remap: 8,0 WS 3048 + 8 <- (253,0) 1000",
            "   kworker/u8:1-99 [002] ..... 10.000041: block_bio_queue: 8,0 WS 3048 + 8 [kworker/u8:1]",
            "   kworker/u8:1-99 [002] ..... 10.000050: block_rq_issue: 8,0 WS 4096 () 3048 + 8 none,0,0 [kworker/u8:1]",
            "   <idle>-0    [001] d.h1. 10.000150: block_rq_complete: 8,0 WS () 3048 + 8 none,0,0 [0]",
            "   <idle>-0    [001] d.h1. 10.000152: iomap_dio_complete: \(name) offset 0x2000 flags DIRECT|WRITE|AIO_RW"
                + " aio 1 error 0 ret 4096",
        ]
        let io = try #require(try TextTrace(lines.joined(separator: "\n") + "\n").ios.first)
        #expect(io.completed == TextTrace.at(10.000152) && io.completeContext == .hardirq)
        #expect(io.issued == nil && io[.returned] == nil)
    }

    /// A flush that the device did not take is issued again; one that was lost is no part of a later one.
    @Test func aFlushIsTimedFromWhenTheDeviceTookIt() throws {
        let line = "          x-640     [001] ..... "
        let text = [
            "1.000000: block_rq_issue: 8,0 FF 0 () 0 + 0 none,0,0 [x]",
            "1.000010: block_rq_requeue: 8,0 FF () 0 + 0 none,0,0 [0]",
            "1.000100: block_rq_issue: 8,0 FF 0 () 0 + 0 none,0,0 [x]",
            "1.000150: block_rq_complete: 8,0 FF () 0 + 0 none,0,0 [0]",
            "1.000200: block_rq_issue: 8,0 FF 0 () 0 + 0 none,0,0 [x]",
        ].map { line + $0 }
        let later = [
            "1.000300: block_rq_issue: 8,0 FF 0 () 0 + 0 none,0,0 [x]",
            "1.000330: block_rq_complete: 8,0 FF () 0 + 0 none,0,0 [0]",
        ].map { line + $0 }
        let lines = text + ["CPU:1 [LOST 5 EVENTS]"] + later
        let odd = try OddText(OpenFile(holding: Array((lines.joined(separator: "\n") + "\n").utf8)))
        #expect(others(odd) == [.flush: [2, 2, 80, 50]])
    }

    /// `blk_fill_rwbs()` of 7.x and of older kernels, and blkparse.
    @Test(arguments: [
        ("R", RequestKind.read), ("RA", .read), ("RSM", .read), ("W", .write), ("WFS", .write), ("FWFS", .write),
        ("WZ", .writeZeroes), ("ZA", .append), ("ZAS", .append), ("ZR", .zone), ("ZRA", .zone), ("ZO", .zone),
        ("D", .discard), ("DE", .discard), ("DS", .discard), ("FF", .flush), ("F", .flush), ("FN", .flush),
        ("FFS", .flush), ("N", .other), ("NS", .other), ("", .other),
    ])
    func lettersTellWhatARequestIsFor(letters: String, kind: RequestKind) {
        let block = Array(letters.utf8).withUnsafeBytes {
            BlockRange(device: 1, sector: 0, sectors: 8, letters: $0)
        }
        #expect(block.kind == kind && block.hasFlush == letters.hasPrefix("F"))
        #expect(block.isForeign == (letters == "RSM" || !kind.movesData))
    }
}
