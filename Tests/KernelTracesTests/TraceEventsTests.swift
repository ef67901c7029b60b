// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

@testable import KernelTraces

/// The readers know the events that record the points of an I/O's life.
struct TraceEventsTests {
    /// Recorded live alone: no reader joins them.
    private static let live: Set<String> = [
        "__iomap_dio_read_simple", "io_uring_queue_async_work", "submit_bio_wait_endio", "bio_wait_end_io",
        "blkdev_bio_end_io_simple",
    ]

    @Test func everySourceOfAPointIsRead() {
        for point in LifePoint.allCases {
            for source in point.row.sources {
                #expect(TraceEvents.reads(source) != Self.live.contains(source), "\(point.name): \(source)")
            }
        }
    }

    /// An event or function that is read is a source of a point, or says who has a CPU or what an I/O is.
    @Test func whatIsReadIsASourceOrServesAnother() {
        let sources = Set(LifePoint.allCases.flatMap(\.row.sources))
        let others: Set<String> = [
            "iomap_iter", "block_bio_queue", "block_rq_complete", "workqueue_execute_end", "softirq_exit",
            "local_timer_entry", "local_timer_exit", "call_function_single_entry", "call_function_single_exit",
            "call_function_entry", "call_function_exit", "reschedule_entry", "reschedule_exit", "irq_work_entry",
            "irq_work_exit", "function", "", "iomap_dio_complete_work", "iomap_dio_simple_complete_work",
            "dio_aio_complete_work", "block_rq_insert", "block_rq_requeue", "block_bio_remap",
            "ext4_journal_start_inode", "io_uring_submit_req",
            "io_uring_submit_sqe",
        ]
        let names = EventKind.allCases.map(\.rawValue) + KernelFunction.allCases.map(\.rawValue)
        for name in names where !sources.contains(name) { #expect(others.contains(name), "\(name)") }
    }
}
