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
        // What the device took of it is not known.
        let shares = LatencyShares(report)
        #expect(shares.device < 1e-9 && shares.notFollowed > 0.5)
        let total = try #require(report.latency?.total)
        #expect(abs(shares.notFollowed + shares.layers - Double(device) / Double(total)) < 1e-9)
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

    /// Its own device was missed, or more came than fit.
    @Test func whatIsOnlySeenBelowIsNotFollowed() {
        var builder = ReportBuilder(rule: .flaggedInline)
        for number in 0..<300 {
            var io = Self.io(number, through: [Self.crypt, Self.disk], issued: true)
            if number < 10 { io.further.marks.insert(.topUnseen) }
            if number >= 290, let layers = io.path?.layers { io.path = LayerPath(layers: layers, missed: 1) }
            // What a layer fails itself comes to no disk.
            if 100..<120 ~= number {
                (io.path, io.error) = (LayerPath(layers: Array(io.path?.layers.prefix(1) ?? [])), -5)
            }
            builder.add(io)
        }
        let report = builder.finish(source: Self.source, loss: [])
        #expect(report.quality.notFollowed == [Report.NotFollowed(device: Self.crypt, ios: 20)])
        #expect(report.layers.contains { $0.part.phase == .notFollowed && $0.ios == 10 })
    }

    /// When the disk was done was missed: what is said of the I/O and where its time is shown name the same device.
    @Test func whatWasNotSeenToEndBelowIsNotFollowed() {
        var builder = ReportBuilder(rule: .flaggedInline)
        for number in 0..<300 {
            var io = Self.io(number, through: [Self.crypt, Self.disk], issued: true)
            if number == 7, var layers = io.path?.layers {
                layers[1].done = 0
                io.path = LayerPath(layers: layers)
            }
            builder.add(io)
        }
        let report = builder.finish(source: Self.source, loss: [])
        #expect(report.quality.notFollowed == [Report.NotFollowed(device: Self.crypt, ios: 1)])
        #expect(report.layers.filter { $0.part.phase == .notFollowed }.map(\.part.device) == [Self.crypt])
        #expect(report.layers.reduce(0) { $0 + $1.total } == report.stage(.device)?.durations.total)
    }

    /// The device is what is below the layers.
    @Test func whatLayersTakeIsNoTimeOfTheDevice() throws {
        var builder = ReportBuilder(rule: .flaggedInline)
        for number in 0..<200 {
            var io = Self.io(number, through: [Self.crypt, Self.disk], issued: true)
            var layers = io.path?.layers ?? []
            (layers[1].throttled, layers[1].entered) = (layers[1].entered, layers[1].entered + 30_000)
            layers[1].issued = layers[1].entered + 10_000
            io.path = LayerPath(layers: layers)
            builder.add(io)
        }
        let report = builder.finish(source: Self.source, loss: [])
        let total = try #require(report.latency?.total)
        func share(_ phase: LayerPart.Phase) -> Double {
            Double(report.layers.filter { $0.part.phase == phase }.reduce(0) { $0 + $1.total }) / Double(total)
        }
        let shares = LatencyShares(report)
        #expect(abs(shares.device - share(.device)) < 1e-9)
        #expect(abs(shares.layers - share(.work) - share(.back)) < 1e-9)
        #expect(abs(shares.queues - share(.throttled) - share(.issue)) < 1e-9 && share(.throttled) > 0.1)
        guard case .throttled(let device, let mean, _) = report.verdict.sentences.first else {
            Issue.record("\(report.verdict)")
            return
        }
        #expect(device.name == "nvme0n1" && mean == 30_000)
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
