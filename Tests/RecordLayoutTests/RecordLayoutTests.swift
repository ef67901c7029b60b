// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Testing

struct RecordLayoutTests {
    @Test func sizesAreThoseOfEveryCapture() {
        #expect(MemoryLayout<probe_io>.size == 128)
        #expect(MemoryLayout<probe_io>.stride == 128)
        #expect(MemoryLayout<probe_task>.size == 32)
        #expect(MemoryLayout<probe_task>.stride == 32)
        #expect(MemoryLayout<probe_waited_io>.stride == 192)
        #expect(MemoryLayout<probe_occupancy>.stride == 64)
        #expect(MemoryLayout<probe_life>.stride == 384)
        #expect(MemoryLayout<probe_layer>.stride == 32)
        #expect(MemoryLayout<probe_layered>.stride == 560)
    }

    private static let records = [
        ("probe_io", ioFields.map(\.field), 128), ("probe_task", taskFields.map(\.field), 32),
        ("probe_waited_io", waitedFields.map(\.field), 192), ("probe_life", lifeFields.map(\.field), 384),
        ("probe_layered", layeredFields.map(\.field), 560), ("probe_layer", layerFields.map(\.field), 32),
        ("probe_deep", deepFields.map(\.field), 752), ("probe_layer_times", layerTimesFields.map(\.field), 8),
        ("probe_occupancy", occupancyFields.map(\.field), 64),
    ]

    @Test func headersAreAsDocumented() throws {
        for (name, fields, size) in Self.records {
            let page = try DocumentedLayout(of: name)
            #expect(page.fields == fields, "\(name)")
            #expect(page.size == size, "\(name)")
        }
    }

    @Test func fieldsCoverTheRecordsWithoutHoles() {
        for (name, fields, size) in Self.records {
            var end = 0
            for field in fields {
                #expect(field.offset == end, "\(name): \(field.name)")
                end = field.offset + field.size
            }
            #expect(end == size, "\(name)")
        }
    }

    @Test func numbersAreForever() {
        #expect(PROBE_RECORD_IO.rawValue == 1)
        #expect(PROBE_RECORD_TASK.rawValue == 2)
        #expect(PROBE_RECORD_WAITED_IO.rawValue == 3)
        #expect(PROBE_RECORD_OCCUPANCY.rawValue == 4)
        #expect(PROBE_RECORD_LIFE.rawValue == 5)
        #expect(PROBE_RECORD_LAYERED.rawValue == 6)
        #expect(PROBE_RECORD_DEEP.rawValue == 7)
        #expect(
            [
                PROBE_OCCUPANT_SUBMITTER, PROBE_OCCUPANT_COMPLETION_WORK, PROBE_OCCUPANT_POOL_WORK,
                PROBE_OCCUPANT_OTHER_TASK,
                PROBE_OCCUPANT_HARDIRQ, PROBE_OCCUPANT_SOFTIRQ, PROBE_OCCUPANT_IDLE, PROBE_OCCUPANT_WORKER_SWITCH,
            ].map(\.rawValue) == CPUOccupant.allCases.map { UInt32($0.rawValue) })
        #expect(
            [
                PROBE_ISSUER_UNKNOWN, PROBE_ISSUER_SYNC, PROBE_ISSUER_LIBAIO, PROBE_ISSUER_IO_URING,
                PROBE_ISSUER_OTHER,
            ].map(\.rawValue) == [0, 1, 2, 3, 4])
        #expect(
            [
                PROBE_CONTEXT_UNSEEN, PROBE_CONTEXT_HARDIRQ, PROBE_CONTEXT_SOFTIRQ, PROBE_CONTEXT_KWORKER,
                PROBE_CONTEXT_TASK, PROBE_CONTEXT_IRQ_THREAD, PROBE_CONTEXT_KSOFTIRQD, PROBE_CONTEXT_IO_WQ,
                PROBE_CONTEXT_IDLE,
            ].map(\.rawValue) == Array(0...8))
        #expect(PROBE_NO_CPU == 65535)
        #expect(PROBE_NO_IRQ == 4_294_967_295)
    }
}

struct MemberLayout<Record> {
    let field: DocumentedLayout.Field

    init<Value>(_ name: String, _ member: KeyPath<Record, Value>) {
        field = .init(
            name: name, offset: MemoryLayout<Record>.offset(of: member) ?? -1, size: MemoryLayout<Value>.size)
    }
}

private let ioFields: [MemberLayout<probe_io>] = [
    .init("kind", \.kind), .init("issuer", \.issuer), .init("end_context", \.end_context),
    .init("complete_context", \.complete_context), .init("submit_cpu", \.submit_cpu), .init("end_cpu", \.end_cpu),
    .init("worker_cpu", \.worker_cpu), .init("complete_cpu", \.complete_cpu), .init("facts", \.facts),
    .init("submitted_ns", \.submitted_ns), .init("issued_ns", \.issued_ns),
    .init("interrupted_ns", \.interrupted_ns), .init("ended_ns", \.ended_ns), .init("queued_ns", \.queued_ns),
    .init("started_ns", \.started_ns), .init("completed_ns", \.completed_ns),
    .init("iocb_completed_ns", \.iocb_completed_ns), .init("task_work_ns", \.task_work_ns),
    .init("inode", \.inode), .init("offset_bytes", \.offset_bytes), .init("dev", \.dev),
    .init("length_bytes", \.length_bytes), .init("submitter_tid", \.submitter_tid),
    .init("worker_tid", \.worker_tid), .init("irq", \.irq), .init("error", \.error),
    .init("irq_batch", \.irq_batch),
]

private let waitedFields: [MemberLayout<probe_waited_io>] = [
    .init("io", \.io), .init("queue_wait", \.queue_wait), .init("task_work_wait", \.task_work_wait),
]

private let lifeFields: [MemberLayout<probe_life>] = [
    .init("waited", \.waited), .init("attempted_ns", \.attempted_ns), .init("returned_ns", \.returned_ns),
    .init("requested_ns", \.requested_ns), .init("first_issued_ns", \.first_issued_ns),
    .init("raised_ns", \.raised_ns), .init("hop_queued_ns", \.hop_queued_ns),
    .init("hop_started_ns", \.hop_started_ns), .init("first_attempt_ns", \.first_attempt_ns),
    .init("delivery_wait", \.delivery_wait), .init("waiter_wait", \.waiter_wait), .init("hop_wait", \.hop_wait),
    .init("marks", \.marks), .init("requests", \.requests), .init("bios", \.bios), .init("requeues", \.requeues),
    .init("raise_cpu", \.raise_cpu), .init("hop_cpu", \.hop_cpu), .init("reserved", \.reserved),
    .init("hop_tid", \.hop_tid), .init("stopped_ns", \.stopped_ns), .init("stolen_ns", \.stolen_ns),
    .init("unwoken_ns", \.unwoken_ns),
]

private let layerFields: [MemberLayout<probe_layer>] = [
    .init("dev", \.dev), .init("entered_ns", \.entered_ns), .init("queued_ns", \.queued_ns),
    .init("started_ns", \.started_ns), .init("issued_ns", \.issued_ns), .init("done_ns", \.done_ns),
    .init("giver", \.giver), .init("reserved", \.reserved),
]

private let layeredFields: [MemberLayout<probe_layered>] = [
    .init("life", \.life), .init("layers", \.layers), .init("deliverer", \.deliverer),
    .init("deliverer_name", \.deliverer_name), .init("layers_missed", \.layers_missed), .init("asleep", \.asleep),
    .init("resumed", \.resumed),
]

private let deepFields: [MemberLayout<probe_deep>] = [
    .init("layered", \.layered), .init("deeper", \.deeper), .init("times", \.times),
]

private let layerTimesFields: [MemberLayout<probe_layer_times>] = [
    .init("throttled_ns", \.throttled_ns), .init("first_issued_ns", \.first_issued_ns),
]

private let occupancyFields: [MemberLayout<probe_occupancy>] = [
    .init("kind", \.kind), .init("occupant", \.occupant), .init("cpu", \.cpu), .init("tid", \.tid),
    .init("from_ns", \.from_ns), .init("until_ns", \.until_ns), .init("function", \.function),
    .init("name", \.name),
]

private let taskFields: [MemberLayout<probe_task>] = [
    .init("kind", \.kind), .init("reserved", \.reserved), .init("tid", \.tid), .init("tgid", \.tgid),
    .init("reserved2", \.reserved2), .init("comm", \.comm),
]
