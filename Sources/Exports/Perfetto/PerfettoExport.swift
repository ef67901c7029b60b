// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering

/// A trace for ui.perfetto.dev: a track for each CPU, for each thread, and for each I/O in flight, with arrows from an
/// I/O's submission to its interrupt, its kworker and its task_work.
///
/// The I/Os have to be put in order of time, so they are all kept until the end; beyond `limit`, they are counted.
public final class PerfettoExport: IOExport {
    public var output: [UInt8] = []
    /// I/Os that came after the limit.
    public private(set) var left: UInt64 = 0
    private let threads: [UInt32: ThreadName]
    private let limit: Int
    private var ios: [ListedIO] = []
    private var places: [IOSlices.Track: [TrackSlice]] = [:]

    /// - Parameters:
    ///   - threads: names of submitters, by thread number.
    ///   - limit: how many I/Os at most.
    public init(threads: [UInt32: ThreadName], limit: Int) {
        self.threads = threads
        self.limit = limit
    }

    public func add(_ io: ListedIO) {
        guard ios.count < limit else {
            left += 1
            return
        }
        ios.append(io)
    }

    public func finish() {
        var writer = PerfettoWriter()
        ios.sort { ($0.io.began, $1.life.latency) < ($1.io.began, $0.life.latency) }
        guard let first = ios.first else { return }
        writer.begin(at: first.io.began.nanoseconds)
        writeLives(&writer)
        ios = []
        let cpus = writer.addTrack(named: "CPUs", rank: 1)
        for cpu in Self.cpus(of: places) {
            write(places[.cpu(cpu)] ?? [], &writer) { writer, _ in
                writer.addTrack(named: "CPU \(cpu)", in: cpus, rank: Int(cpu))
            }
            output += writer.take()
        }
        for thread in Self.threads(of: places) {
            writeThread(thread, places[.thread(thread)] ?? [], &writer)
            output += writer.take()
        }
    }

    /// An I/O has its lane to itself: its stages lie within it.
    private func writeLives(_ writer: inout PerfettoWriter) {
        let group = writer.addTrack(named: "I/Os in flight", rank: 0)
        var lanes = Lanes()
        var tracks: [UInt64] = []
        for (number, listed) in ios.enumerated() {
            let io = IOSlices(listed, id: UInt64(number) + 1)
            for (place, slice) in io.places { places[place, default: []].append(slice) }
            let (whole, stages) = (io.life[0], io.life.dropFirst())
            let lane = lanes.placeAlone(from: whole.start, until: whole.end)
            if lane == tracks.count {
                tracks.append(writer.addTrack(named: "I/O", in: group, rank: lane, isMerged: false))
            }
            writer.begin(whole, on: tracks[lane])
            for stage in stages {
                writer.begin(stage, on: tracks[lane])
                writer.end(at: stage.end, on: tracks[lane])
            }
            writer.end(at: whole.end, on: tracks[lane])
            if writer.output.count >= 1 << 20 { output += writer.take() }
        }
        output += writer.take()
    }

    private func writeThread(_ thread: UInt32, _ slices: [TrackSlice], _ writer: inout PerfettoWriter) {
        var descriptor = PerfettoThreadDescriptor()
        descriptor.tid = Int32(truncatingIfNeeded: thread)
        // A kernel thread, whose name was not recorded, is its own process.
        descriptor.pid = Int32(truncatingIfNeeded: threads[thread]?.process ?? thread)
        descriptor.threadName = threads[thread].map { EscapedText($0.name).description } ?? "kworker"
        let main = writer.addTrack(named: nil, thread: descriptor)
        write(slices, &writer) { writer, lane in
            lane == 0 ? main : writer.addTrack(named: "direct I/O", in: main, rank: lane)
        }
    }

    /// Slices that overlap, and of which none lies within the other, come into different lanes.
    private func write(
        _ slices: [TrackSlice], _ writer: inout PerfettoWriter,
        track make: (inout PerfettoWriter, _ lane: Int) -> UInt64
    ) {
        var lanes = Lanes()
        var tracks: [(number: UInt64, open: [UInt64])] = []
        for slice in slices.sorted(by: { ($0.start, $1.end) < ($1.start, $0.end) }) {
            let lane = slice.isInstant ? 0 : lanes.place(from: slice.start, until: slice.end)
            while tracks.count <= lane { tracks.append((make(&writer, tracks.count), [])) }
            close(&tracks[lane], until: slice.start, &writer)
            writer.begin(slice, on: tracks[lane].number)
            if !slice.isInstant { tracks[lane].open.append(slice.end) }
        }
        for lane in tracks.indices { close(&tracks[lane], until: .max, &writer) }
    }

    private func close(
        _ track: inout (number: UInt64, open: [UInt64]), until time: UInt64, _ writer: inout PerfettoWriter
    ) {
        while let end = track.open.last, end <= time {
            writer.end(at: end, on: track.number)
            track.open.removeLast()
        }
    }

    private static func cpus(of places: [IOSlices.Track: [TrackSlice]]) -> [UInt16] {
        places.keys.compactMap { if case .cpu(let cpu) = $0 { cpu } else { nil } }.sorted()
    }

    private static func threads(of places: [IOSlices.Track: [TrackSlice]]) -> [UInt32] {
        places.keys.compactMap { if case .thread(let thread) = $0 { thread } else { nil } }.sorted()
    }
}
