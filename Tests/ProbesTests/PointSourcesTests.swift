// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

@testable import Probes

/// The programs and the recipe for traces record the points of the table, and nothing that it does not know.
struct PointSourcesTests {
    private static let targets = Set(ProbeProgram.all.map(\.target))
    private static let recipes = KernelLayout.known.values.map { TraceRecipe($0).recorded }
    private static let recorded = recipes.reduce(into: Set<String>()) { $0.formUnion($1) }
    private static let sources = Set(LifePoint.allCases.flatMap(\.row.sources))

    /// What belongs to no point: it says who has a CPU, what an I/O is, or where something ends.
    private static let others: [String: String] = [
        "workqueue_execute_end": "a kworker is between work items", "irq_handler_exit": "an interrupt ends",
        "workqueue_activate_work": "until when the workqueue ran as many works as it may",
        "__pwq_activate_work": "the same", "pwq_activate_inactive_work": "the same",
        "softirq_exit": "a softirq ends", "local_timer_entry": "occupant", "local_timer_exit": "occupant",
        "sched_process_fork": "which processes are traced", "sched_process_free": "which processes are traced",
        "io_uring_queue_async_work": "an attempt came to nothing", "block_rq_requeue": "a request is issued again",
        "blk_mq_complete_request_remote": "an IPI or softirq elsewhere follows",
        "block_bio_queue": "layers, and whose request it is", "block_bio_complete": "layers",
        "__blk_throtl_bio": "layers", "blk_throtl_bio": "layers",
        "block_rq_complete": "layers, and whose end_io it is",
        "throttle_cfs_rq": "a cgroup has used up its CPU quota", "unthrottle_cfs_rq": "it may run again",
        "vfs_open": "where direct I/O is that is not followed",
        "vfs_fsync_range": "fsync, which is no direct I/O", "ext4_sync_file_enter": "fsync",
        "ext4_sync_file_exit": "fsync",
        // They are no sources of `interrupted`: without entries of interrupts that point is blind.
        "irq_thread_fn": "an interrupt's thread begins", "irq_forced_thread_fn": "an interrupt's thread begins",
    ]

    @Test func everySourceOfAPointIsRecordedBySomething() {
        for point in LifePoint.allCases {
            for source in point.row.sources {
                #expect(Self.targets.contains(source) || Self.recorded.contains(source), "\(point.name): \(source)")
            }
            #expect(!Self.targets.isDisjoint(with: point.row.sources), "no program records \(point.name)")
        }
    }

    @Test func everyProgramRecordsAPointOrIsKnownToServeAnother() {
        for target in Self.targets.subtracting(Self.sources) {
            #expect(Self.others[target] != nil, "\(target): a source of which point?")
        }
        for program in ProbeProgram.all where program.role == .begins {
            #expect(LifePoint.submitted.row.sources.contains(program.target), "\(program.target)")
        }
        for program in ProbeProgram.all where program.role == .completes {
            #expect(LifePoint.completed.row.sources.contains(program.target), "\(program.target)")
        }
    }

    /// Points that a trace can have, on every kernel that the recipe knows.
    @Test func everyRecipeRecordsEveryPointOfATrace() {
        #expect(!Self.recipes.isEmpty)
        let live: Set<LifePoint> = [.handedOver]
        for recorded in Self.recipes {
            for point in LifePoint.allCases where !live.contains(point) {
                #expect(!recorded.isDisjoint(with: point.row.sources), "\(point.name)")
            }
            for name in recorded.subtracting(Self.sources) {
                #expect(Self.others[name] != nil, "\(name): a source of which point?")
            }
        }
    }
}
