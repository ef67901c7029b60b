// SPDX-License-Identifier: GPL-2.0-only

import SwiftProtobuf

/// Writes packets of Perfetto's trace format. A trace is its packets one after another, so it can be written piecemeal.
struct PerfettoWriter {
    private(set) var output: [UInt8] = []
    private var trace = PerfettoTrace()
    private var lastTrack: UInt64 = 0

    /// CLOCK_MONOTONIC in Perfetto's list of clocks.
    private static let monotonic: UInt32 = 3
    /// All packets are of one writer.
    private static let sequence: UInt32 = 1

    /// SEQ_INCREMENTAL_STATE_CLEARED: nothing before this packet is needed to read what follows.
    private static let beginsSequence: UInt32 = 1

    private enum EventType: UInt32 {
        case begin = 1
        case end = 2
        case instant = 3
    }

    /// - Parameter time: some time of the trace: its clock is the trace's.
    mutating func begin(at time: UInt64) {
        var clock = PerfettoClockSnapshot.Clock()
        clock.clockID = Self.monotonic
        clock.timestamp = time
        var snapshot = PerfettoClockSnapshot()
        snapshot.clocks = [clock]
        snapshot.primaryTraceClock = Self.monotonic
        add { packet in
            packet.clockSnapshot = snapshot
            packet.sequenceFlags = Self.beginsSequence
        }
    }

    /// - Returns: The track's number.
    mutating func addTrack(
        named name: String?, in parent: UInt64? = nil, rank: Int? = nil, isMerged: Bool = true,
        thread: PerfettoThreadDescriptor? = nil
    ) -> UInt64 {
        lastTrack += 1
        var track = PerfettoTrackDescriptor()
        track.uuid = lastTrack
        if let name { track.name = name }
        if let parent { track.parentUuid = parent }
        if let thread { track.thread = thread }
        // Children in the order of their ranks.
        track.childOrdering = 3
        if let rank { track.siblingOrderRank = Int32(clamping: rank) }
        // Tracks of the same name that are not one track.
        if !isMerged { track.siblingMergeBehavior = 2 }
        add { $0.trackDescriptor = track }
        return lastTrack
    }

    mutating func begin(_ slice: TrackSlice, on track: UInt64) {
        event(slice.isInstant ? .instant : .begin, at: slice.start, on: track) { event in
            event.name = slice.name
            event.debugAnnotations = slice.annotations
            guard let flow = slice.flow else { return }
            if flow.ends { event.terminatingFlowIds = [flow.id] } else { event.flowIds = [flow.id] }
        }
    }

    mutating func end(at time: UInt64, on track: UInt64) { event(.end, at: time, on: track) { _ in } }

    private mutating func event(
        _ type: EventType, at time: UInt64, on track: UInt64, _ fill: (inout PerfettoTrackEvent) -> Void
    ) {
        var event = PerfettoTrackEvent()
        event.type = type.rawValue
        event.trackUuid = track
        fill(&event)
        add { packet in
            packet.timestamp = time
            packet.timestampClockID = Self.monotonic
            packet.trackEvent = event
        }
    }

    private mutating func add(_ fill: (inout PerfettoTracePacket) -> Void) {
        var packet = PerfettoTracePacket()
        packet.trustedPacketSequenceID = Self.sequence
        fill(&packet)
        trace.packet.append(packet)
        if trace.packet.count >= 512 { flush() }
    }

    /// Messages without required fields, and smaller than 2 GB, always serialize.
    private mutating func flush() {
        if let bytes: [UInt8] = try? trace.serializedBytes() { output += bytes }
        trace.packet.removeAll(keepingCapacity: true)
    }

    mutating func take() -> [UInt8] {
        flush()
        defer { output = [] }
        return output
    }
}
