// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Testing

@testable import Recording

struct IntakeTests {
    /// A ring for each CPU: the name of a thread may come behind its I/Os, and the thread may have ended by then.
    @Test func slowIOsAreToldWithTheNameThatCameBehindThem() {
        let intake = Intake()
        var told: [(latency: UInt64, name: String?)] = []
        intake.slow.from = 1000
        intake.slow.listener = { io, name in told.append((io.completed.map { $0.nanoseconds - 5000 } ?? 0, name)) }
        for length in [900, 1000, 7000] as [UInt64] {
            var io = probe_io.write(from: 5000)
            (io.submitter_tid, io.completed_ns, io.task_work_ns) = (41, 5000 + length, 0)
            withUnsafeBytes(of: io) { intake.take($0) }
        }
        let name = probe_task(ThreadName(thread: 41, process: 41, name: "fio"))
        withUnsafeBytes(of: name) { intake.take($0) }
        #expect(told.isEmpty)
        intake.slow.tell()
        #expect(told.map(\.latency) == [1000, 7000])
        #expect(told.allSatisfy { $0.name == "fio" })
        intake.slow.tell()
        #expect(told.count == 2)
    }
}
