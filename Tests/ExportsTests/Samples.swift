// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import TestSupport

@testable import Exports

/// I/Os to export.
enum Samples {
    /// `count` writes, 2 us apart and each taking 118 us, that a kworker completes.
    static func deferred(_ count: Int) -> [ListedIO] {
        var occupancies = OccupancyLog()
        return (0..<count).map { index in
            var io = Life.make(
                complete: .kworker,
                times: [
                    (\.issued, 10_000), (\.interrupted, 60_000), (\.ended, 65_000), (\.workQueued, 66_000),
                    (\.workStarted, 110_000), (\.completed, 118_000),
                ])
            (io.submitCPU, io.endCPU, io.workerCPU, io.completionCPU, io.irq) = (1, 2, 2, 2, 24)
            io.workerThread = 77
            io.queueWaitOccupants[.submitter] = 30_000
            io.queueWaitOccupants[.idle] = 4_000
            let shift = UInt64(index) * 2_000
            io.submitted = Timestamp(nanoseconds: io.submitted.nanoseconds + shift)
            for point in RandomLives.causal {
                io[point] = io[point].map { Timestamp(nanoseconds: $0.nanoseconds + shift) }
            }
            return ListedIO(io, AttributedLife(io, rule: .defersWrites), &occupancies, SeenClocks(of: [io]))
        }
    }

    /// Lives that no workload would give.
    static func random(_ count: Int) -> [ListedIO] {
        var random = SeededGenerator(seed: 9)
        var occupancies = OccupancyLog()
        return (0..<count).map { index in
            let io = RandomLives.next(&random, disordered: index % 2 == 0)
            return ListedIO(io, AttributedLife(io, rule: .flaggedInline), &occupancies, SeenClocks(of: [io]))
        }
    }

    /// A block request of 70 us that read 4k, of which nothing else is known; and a lone `end_io`.
    static let partial: [ListedIO] = {
        var request = DirectIO.partial
        (request.device, request.offset, request.length) = (DeviceNumber(major: 8, minor: 16), 1 << 20, 4096)
        request.operation = .read
        request.issued = Timestamp(nanoseconds: 10_000)
        request.ended = Timestamp(nanoseconds: 80_000)
        var end = DirectIO.partial
        end.ended = Timestamp(nanoseconds: 90_000)
        end.endContext = .hardirq
        var occupancies = OccupancyLog()
        return [request, end].map {
            ListedIO($0, AttributedLife($0, rule: .unknown), &occupancies, SeenClocks(of: [request, end]))
        }
    }()

    static let threads: [UInt32: ThreadName] = [
        100: ThreadName(thread: 100, process: 99, name: "a\"b,c;\u{1b}[31m\n")
    ]

    /// All that an export writes.
    static func bytes(_ export: some IOExport, _ ios: [ListedIO]) -> [UInt8] {
        for io in ios { export.add(io) }
        export.finish()
        return export.output
    }

    static func text(_ export: some IOExport, _ ios: [ListedIO]) -> String {
        String(decoding: bytes(export, ios), as: UTF8.self)
    }
}
