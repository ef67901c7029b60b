// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// What did not match while events were joined.
public struct JoinCounts: Equatable, Sendable {
    /// Completions of I/Os whose begin is not in the trace.
    public internal(set) var withoutBegin: UInt64 = 0
    /// I/Os given up because they never completed: their place was needed, or their kiocb or offset was used again.
    public internal(set) var withoutCompletion: UInt64 = 0
    /// I/Os that had begun and not completed when the trace ended.
    public internal(set) var inFlight: UInt64 = 0
    /// Attempts that came to nothing: the submitter began the next I/O without having queued or completed them, or
    /// io_uring tried again in a worker.
    public internal(set) var fruitless: UInt64 = 0
    /// Begins behind the end of a file of which nothing came: reads of nothing, or writes that are lost. 0 once settled.
    public internal(set) var futile: UInt64 = 0
    /// I/Os that began there and did complete.
    public internal(set) var behindEnd: UInt64 = 0
    /// Completions by a kworker of which the queueing is not in the trace.
    public internal(set) var withoutQueueing: UInt64 = 0
    /// Completions by a kworker of which the kworker's start is not in the trace.
    public internal(set) var withoutStart: UInt64 = 0
    /// Works queued again before they were seen to start: the start was lost, or the pointer is another work's by now.
    public internal(set) var reusedWorks: UInt64 = 0
    /// Completions that turned out to be of another I/O than the events before them had it; what those said of the
    /// device is left out.
    public internal(set) var mistaken: UInt64 = 0
    /// Several I/Os of one offset in flight at a time, distinguished by their order.
    public internal(set) var overlapping: UInt64 = 0
    /// Of these, by nothing else.
    public internal(set) var byOrder: UInt64 = 0
    /// I/Os of which the completion was lost, and is taken to be where the issuer was called back.
    public internal(set) var completedLater: UInt64 = 0
    /// Interrupts and softirqs that were seen to begin.
    public internal(set) var interrupts: UInt64 = 0
    /// Of which the begin or the end is not in the trace, where events themselves do not say that they are in one.
    public internal(set) var unpairedInterrupts: UInt64 = 0
    /// Begins of I/Os, whatever became of them.
    public internal(set) var begins: UInt64 = 0
    /// Begins that do not say of what: the function tracer's records, and probes without the arguments.
    public internal(set) var namelessBegins: UInt64 = 0
    /// Work items that were paired with their queueing by their order: the trace hides their addresses.
    public internal(set) var pairedByOrder: UInt64 = 0
    /// Of these, queued and never started.
    public internal(set) var unpaired: UInt64 = 0
    /// I/Os of which only the later part is in the trace, for it has no begins.
    public internal(set) var partial: UInt64 = 0
    /// Of these, what was seen of them before a kworker had them, or since, and not both.
    public internal(set) var onlyEarlier: UInt64 = 0
    public internal(set) var onlyLater: UInt64 = 0
    /// Requests of a trace that has nothing else of any I/O.
    public internal(set) var requests: UInt64 = 0
    /// I/Os that were joined.
    public internal(set) var joined: UInt64 = 0
    public internal(set) var deferred: UInt64 = 0

    /// The same of several machines.
    public static func + (left: JoinCounts, right: JoinCounts) -> JoinCounts {
        var sum = left
        for count in all { sum[keyPath: count] += right[keyPath: count] }
        return sum
    }

    /// The trace is at its end. Where others of its I/Os append to a file, one without a completion is no read of nothing.
    mutating func settle() {
        if behindEnd > 0 { withoutCompletion += futile } else { fruitless += futile }
        futile = 0
    }

    private static var all: [WritableKeyPath<JoinCounts, UInt64>] {
        [
            \.withoutBegin, \.withoutCompletion, \.inFlight, \.fruitless, \.withoutQueueing, \.withoutStart,
            \.reusedWorks, \.mistaken, \.overlapping, \.byOrder, \.completedLater, \.interrupts, \.unpairedInterrupts,
            \.begins, \.namelessBegins, \.pairedByOrder, \.unpaired, \.partial, \.onlyEarlier, \.onlyLater,
            \.requests, \.joined, \.deferred, \.futile, \.behindEnd,
        ]
    }

    /// Of so many I/Os, one may be told from another by its order alone.
    private static let believed: UInt64 = 100

    /// - Parameters:
    ///   - queueingSeen: the trace has any event of a work item that is queued.
    ///   - startsSeen: and of one that starts.
    public func loss(queueingSeen: Bool, startsSeen: Bool) -> [DataLoss] {
        let holes = queueingSeen ? withoutQueueing : 0
        let unstarted = startsSeen ? withoutStart : 0
        return [
            loss(
                "begin-missed", withoutBegin, .loss,
                "I/Os without a begin in the trace: begun before it, or lost; left out"
                    + (withoutBegin > 10 + 10 * joined
                        ? ". Of a text without any (grep -v iomap_dio_rw_begin) their completions are reported" : "")),
            loss(
                "completion-missed", withoutCompletion, .loss,
                "I/Os that were never seen to complete; left out"
                    + (withoutCompletion > 10 + joined / 10
                        ? ". A tracer that follows one process (trace-cmd -P, perf without -a, set_event_pid) has no"
                            + " completions in interrupts that came to others" : "")),
            loss(
                "counted-twice", joined == partial ? min(onlyEarlier, onlyLater) : 0, .loss,
                "at most so many completions are here twice: by what came before a kworker had them, and by what it did,"
                    + " which nothing ties together"),
            loss(
                "interrupts-unpaired", unpairedInterrupts,
                unpairedInterrupts * Self.believed > interrupts ? .loss : .info,
                "interrupts without a begin or an end in the trace: contexts near them may be wrong"),
            loss(
                "completed-later", completedLater, .loss,
                "I/Os whose completion is not in the trace; they seem to last until their issuer was called back"),
            loss("in-flight-at-end", inFlight, .info, "I/Os under way when the trace ended; left out"),
            loss("fruitless", fruitless, .info, "attempts that came to nothing and were made again"),
            loss(
                "queue-event-missed", holes, .loss,
                "I/Os of a kworker without a queue event: in no queue wait, not estimated. Tracers lose events in full"
                    + " interrupts, whose works wait longest: queue waits are rather too short than too long"),
            loss(
                "start-event-missed", unstarted, .loss, "I/Os of a kworker whose start is missing; in no queue wait"),
            loss("work-reused", reusedWorks, .loss, "works that were queued twice without a start between"),
            loss("mistaken-identity", mistaken, .loss, "completions that did not match the request before them"),
            loss(
                "same-offset", overlapping, byOrder * Self.believed > joined ? .loss : .info,
                "I/Os of one offset at a time, distinguished by their order. Where the completion of one is not in the"
                    + " trace, each of them seems to have taken that of the next"),
            loss(
                "works-by-order", pairedByOrder, unpaired > 0 ? .loss : .info,
                "works whose addresses are hidden: paired with their queueing by their order on the CPU"
                    + (unpaired > 0 ? ". \(unpaired) never started, so others may have been paired wrongly" : "")),
        ].compactMap(\.self)
    }

    private func loss(_ what: String, _ count: UInt64, _ severity: DataLoss.Severity, _ help: String) -> DataLoss? {
        count == 0 ? nil : DataLoss(what: what, count: count, severity: severity, help: help)
    }
}
