// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

@testable import Report

/// What a recording says of I/O that it does not follow.
struct UnseenIOTests {
    private static let disk = DeviceNumber(major: 259, minor: 0)
    private static let tmpfs = DeviceNumber(major: 0, minor: 40)

    private static func source(
        _ opened: [DeviceNumber: UInt64], command: OtherIO.CommandIO? = nil, overlay: Bool = false,
        filters: [String] = []
    ) -> ReportSource {
        var source = ReportSource(kind: "test", isComplete: true)
        let files = opened.sorted { $0.key.kernelNumber < $1.key.kernelNumber }.map {
            OtherIO.DirectFiles(device: $0, fileSystem: nil, mountPoint: nil, files: $1)
        }
        source.other = OtherIO(opened: files, command: command)
        source.filters = filters
        source.devices = [
            DeviceName(device: disk, name: "nvme0n1", fileSystem: overlay ? "overlay" : "ext4", mountPoint: "/")
        ]
        return source
    }

    /// 100 writes of 4 KiB to `disk`.
    private static func unseen(in source: ReportSource, ios: Int = 100) -> [UnseenIO] {
        var builder = ReportBuilder(rule: .flaggedInline)
        for number in 0..<ios {
            var io = SyntheticIOs.inline(at: 1_000_000 + UInt64(number) * 500_000, device: 100_000)
            (io.device, io.operation, io.length) = (disk, .write, 4096)
            builder.add(io)
        }
        return builder.finish(source: source, loss: []).unseen
    }

    @Test func filesOfWhichNoIOCameAreNamed() {
        let unseen = Self.unseen(in: Self.source([Self.disk: 3, Self.tmpfs: 2]))
        guard case .fileSystem(let files) = unseen.first, unseen.count == 1 else {
            Issue.record("\(unseen)")
            return
        }
        #expect(files.device == Self.tmpfs && files.files == 2)
        #expect(Self.unseen(in: Self.source([Self.disk: 3])).isEmpty)
        #expect(Self.unseen(in: Self.source([Self.disk: 3]), ios: 0).count == 1)
    }

    /// Older recordings counted files that their filters leave out.
    @Test func whatPassesTheFiltersIsToldOfAFilteredRecording() {
        for filters in [["--device nvme0n1"], ["--file /mnt/t/file", "--pid 7"], ["--inode 12"], ["--sample 1/2"]] {
            var source = Self.source([Self.tmpfs: 2], command: OtherIO.CommandIO(read: 0, written: 0), filters: filters)
            #expect(Self.unseen(in: source, ios: 0).isEmpty)
            source.other?.opensFiltered = true
            #expect(Self.unseen(in: source, ios: 0).count == (filters == ["--sample 1/2"] ? 0 : 1), "\(filters)")
        }
    }

    /// btrfs writes some files through the page cache that it reads without.
    @Test func aFileSystemOfWhichOnlyReadsCameMayHaveWritten() {
        func unseen(_ fileSystem: String, forWriting: UInt64?, written: Set<DeviceNumber>) -> [UnseenIO] {
            var source = Self.source([:])
            source.other = OtherIO(opened: [
                OtherIO.DirectFiles(
                    device: Self.disk, fileSystem: fileSystem, mountPoint: nil, files: 3, forWriting: forWriting)
            ])
            return UnseenIO.all(in: source, devices: [Self.disk], written: written) { _ in 0 }
        }
        guard case .writes(let files) = unseen("btrfs", forWriting: 2, written: []).first else {
            Issue.record("files that were opened for writing are not told")
            return
        }
        #expect(files.forWriting == 2 && files.device == Self.disk)
        #expect(unseen("btrfs", forWriting: 2, written: [Self.disk]).isEmpty)
        #expect(unseen("btrfs", forWriting: 0, written: []).isEmpty)
        #expect(unseen("btrfs", forWriting: nil, written: []).isEmpty)
        // What only reads in the meantime has its files open for writing, too.
        #expect(unseen("ext4", forWriting: 2, written: []).isEmpty)
    }

    @Test func whatStartingTheProgramReadsIsNothingBesideDirectIO() {
        let started = OtherIO.CommandIO(read: 3 << 20, written: 400 * 4096)
        #expect(Self.unseen(in: Self.source([:], command: started), ios: 400).isEmpty)
        #expect(
            Self.unseen(in: Self.source([:], command: started), ios: 0)
                == [.command(.read, bytes: 3 << 20, direct: 0), .command(.write, bytes: 400 * 4096, direct: 0)])
        #expect(
            Self.unseen(in: Self.source([:], command: OtherIO.CommandIO(read: 0, written: 0)), ios: 0) == [.noDisk])
    }

    /// overlayfs opens the file below it too; its I/Os go by the number of overlayfs.
    @Test func filesBelowOverlayfsAreItsOwn() {
        #expect(Self.unseen(in: Self.source([Self.disk: 1, Self.tmpfs: 1], overlay: true)).isEmpty)
    }

    @Test func aCommandWithoutDirectIOIsToldSo() {
        let moved = OtherIO.CommandIO(read: 4096, written: 64 << 20)
        #expect(
            Self.unseen(in: Self.source([:], command: moved), ios: 0)
                == [.command(.write, bytes: 64 << 20, direct: 0)])
        #expect(
            Self.unseen(in: Self.source([:], command: moved))
                == [.command(.write, bytes: 64 << 20, direct: 100 * 4096)])
        let direct = OtherIO.CommandIO(read: 4096, written: 2 * 100 * 4096)
        #expect(Self.unseen(in: Self.source([:], command: direct)).isEmpty)
    }

    @Test func ofWhatAFilterLeavesOutNothingIsSaid() {
        let moved = OtherIO.CommandIO(read: 0, written: 64 << 20)
        #expect(Self.unseen(in: Self.source([Self.tmpfs: 1], command: moved, filters: ["--device sda"])).isEmpty)
        #expect(Self.unseen(in: Self.source([Self.tmpfs: 1], command: moved, filters: ["--comm fio"])).count == 2)
    }

    /// I/Os that were left out are the reason before all others, and only where there is no other I/O.
    @Test func whatWasLeftOutIsTheReason() {
        func unseen(_ filters: [String], _ loss: [DataLoss], ios: Int) -> [UnseenIO] {
            var source = Self.source(
                [Self.tmpfs: 2], command: OtherIO.CommandIO(read: 0, written: 64 << 20), filters: filters)
            source.blindTo = ["I/Os to block devices without a file system"]
            var builder = ReportBuilder(rule: .flaggedInline)
            for number in 0..<ios { builder.add(SyntheticIOs.inline(at: 1_000_000 + UInt64(number) * 500_000)) }
            let report = builder.finish(source: source, loss: loss)
            if ios == 0 { #expect(report.verdict.refusals == [.noIOs]) }
            return report.unseen
        }
        #expect(unseen(["--comm x"], [.filteredOut(7)], ios: 0) == [.filteredOut(7)])
        #expect(unseen(["--sample 1/100"], [.sampledOut(9)], ios: 0) == [.sampledOut(9)])
        #expect(unseen([], [.filteredOut(7)], ios: 0).last == .filteredOut(7))
        #expect(unseen([], [.filteredOut(7)], ios: 0).count == 3)
        #expect(!unseen(["--comm x"], [.filteredOut(7)], ios: 1).contains(.filteredOut(7)))
    }

    @Test func theKernelsAccountIsRead() {
        let text =
            "rchar: 5\nwchar: 6\nsyscr: 1\nsyscw: 1\nread_bytes: 8192\nwrite_bytes: 67108864\ncancelled_write_bytes: 0\n"
        #expect(OtherIO.CommandIO(text) == OtherIO.CommandIO(read: 8192, written: 67_108_864))
        #expect(OtherIO.CommandIO("rchar: 5\n") == nil)
    }
}
