// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Testing

@testable import Report

/// A device that gives its I/O to others, where that was not seen.
struct NotFollowedTests {
    private static let raid = DeviceNumber(major: 9, minor: 1)
    private static let crypt = DeviceNumber(major: 253, minor: 0)
    private static let disk = DeviceNumber(major: 259, minor: 0)

    private static var source: ReportSource {
        var source = ReportSource(kind: "test", isComplete: true)
        source.devices = [
            DeviceName(device: raid, name: "md1", fileSystem: "ext4", mountPoint: nil, layer: "raid5", isStacked: true),
            DeviceName(
                device: crypt, name: "dm-0", fileSystem: nil, mountPoint: nil, layer: "dm-crypt", isStacked: true),
            DeviceName(device: disk, name: "nvme0n1", fileSystem: nil, mountPoint: nil),
        ]
        return source
    }

    /// 1 us after its submission it comes to the first device, each 1 us later to the next, and back from the last one
    /// 20 us before `end_io`.
    private static func io(_ number: Int, through devices: [DeviceNumber], issued: Bool) -> DirectIO {
        var io = SyntheticIOs.inline(at: 1_000_000 + UInt64(number) * 500_000, device: 100_000)
        let end = io.times[.interrupted]
        let layers = devices.enumerated().map { place, device in
            var layer = LayerPassage(device: device)
            layer.entered = io.submitted.nanoseconds + 1_000 * UInt64(place + 1)
            if place == devices.count - 1 { (layer.issued, layer.done) = (issued ? layer.entered : 0, end - 20_000) }
            return layer
        }
        io.device = devices[0]
        io.path = LayerPath(layers: layers)
        io.times[.issued] = layers[0].entered
        return io
    }

    private static func report(of paths: [(devices: [DeviceNumber], issued: Bool)]) -> Report {
        var builder = ReportBuilder(rule: .flaggedInline)
        for number in 0..<400 {
            let path = paths[number % paths.count]
            builder.add(io(number, through: path.devices, issued: path.issued))
        }
        return builder.finish(source: source, loss: [])
    }

    @Test func aLayerOfItsOwnStripesIsNamedAndNotComplete() throws {
        let report = Self.report(of: [([Self.raid], false)])
        #expect(report.quality.completeIOs == 0 && report.quality.completeButForLayers == 400)
        #expect(report.quality.notFollowed == [Report.NotFollowed(device: Self.raid, ios: 400)])
        #expect(report.layers.map(\.part.phase) == [.notFollowed, .back])
        let device = try #require(report.stage(.device)?.durations.total)
        #expect(report.layers.reduce(0) { $0 + $1.total } == device)
        let back = try #require(report.layers.last?.total)
        #expect(back == 400 * 20_000)
        // What is said of completions does not rest on what raid5 does.
        guard case .inline = report.verdict.sentences.first,
            case .notFollowed(let name, let share) = report.verdict.sentences.last
        else {
            Issue.record("\(report.verdict)")
            return
        }
        #expect(name.layer == "raid5" && share == 1)
    }

    @Test func onlyThoseThatEndThereAreNotFollowed() {
        let report = Self.report(of: [
            ([Self.crypt, Self.disk], true), ([Self.crypt, Self.raid], false), ([Self.disk], true),
            ([Self.raid], false),
        ])
        #expect(report.quality.notFollowed == [Report.NotFollowed(device: Self.raid, ios: 200)])
        #expect(report.quality.completeIOs == 200)
        let raid = report.layers.filter { $0.part.device == Self.raid }
        #expect(Set(raid.map(\.part.phase)) == [.notFollowed, .back])
        #expect(!report.layers.contains { $0.part.device == Self.disk && $0.part.place == 0 })
    }

    /// Recorded without what sees layers: the device alone says it.
    @Test func anIOWithoutItsPathIsNotFollowedEither() {
        var builder = ReportBuilder(rule: .flaggedInline)
        for number in 0..<100 {
            var io = SyntheticIOs.inline(at: 1_000_000 + UInt64(number) * 500_000, device: 100_000)
            io.device = number < 30 ? Self.crypt : Self.disk
            builder.add(io)
        }
        let quality = builder.finish(source: Self.source, loss: []).quality
        #expect(quality.notFollowed == [Report.NotFollowed(device: Self.crypt, ios: 30)])
        #expect(quality.completeIOs == 70)
    }
}
