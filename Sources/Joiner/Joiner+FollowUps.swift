// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// What followed requests of a trace without direct I/Os.
struct FollowUps {
    fileprivate var tallies: [NameID: FollowUp] = [:]
    /// When the request was done that led to a work, by its address.
    fileprivate var works: [UInt64: UInt64] = [:]
    /// The file that a thread began to change last, and when.
    fileprivate var changed: [UInt32: (file: FileID, time: UInt64)] = [:]
    /// When a request was done of what changed a file.
    fileprivate var ends: [FileID: UInt64] = [:]

    /// The end of a bio queues its work at once: what comes later in an interrupt is of something else.
    fileprivate static let longestEnd: UInt64 = 20_000
    /// As long is a submission at most.
    fileprivate static let longestChange: UInt64 = 10_000_000
    fileprivate static let mostNames = 256

    /// The file that the bio of a thread belongs to: that one alone.
    mutating func file(of at: Moment) -> FileID? {
        guard !changed.isEmpty, at.context == .task, let last = changed.removeValue(forKey: at.thread),
            at.time &- last.time < Self.longestChange
        else { return nil }
        return last.file
    }

    mutating func requestDone(of file: FileID, at time: UInt64) {
        if ends.count < Joiner.limit || ends[file] != nil { ends[file] = time }
    }
}

/// A file, by the device of its file system.
struct FileID: Hashable {
    var device: UInt32
    var inode: UInt64
}

extension Joiner {
    /// What followed requests, the most frequent first.
    public var followUps: [FollowUp] { FollowUp.merged(partial.followUps.tallies.values) }

    private mutating func note(_ name: NameID, after time: UInt64) {
        guard partial.followUps.tallies.count < FollowUps.mostNames || partial.followUps.tallies[name] != nil else {
            return
        }
        partial.followUps.tallies[name, default: FollowUp(name: names.name(name))].times.add(time)
    }

    /// A work that completes no direct I/O: of the request that this interrupt was just completing.
    mutating func queuedElse(_ work: Work, _ at: Moment) {
        guard hasNoBegins, work.address != 0, at.context != .task, let done = partial.requests.done[at.flow],
            let ended = done.io.ended?.nanoseconds, at.time &- ended <= FollowUps.longestEnd,
            partial.followUps.works.count < Self.limit
        else { return }
        // The block layer's own: it gives the device the next ones.
        guard work.name != .unknown, !names.name(work.name).hasPrefix("blk_mq_") else { return }
        partial.followUps.works[work.address] = ended
    }

    mutating func startedElse(_ work: Work, _ at: Moment) {
        guard hasNoBegins, let ended = partial.followUps.works.removeValue(forKey: work.address), at.time >= ended
        else { return }
        note(work.name, after: at.time - ended)
    }

    /// `ext4_journal_start_inode`: a thread is about to change a file, perhaps to write it; or a kworker marks as
    /// written what was.
    mutating func changes(_ change: FileChange, _ at: Moment) {
        guard hasNoBegins, at.context == .task else { return }
        let file = FileID(device: change.device, inode: change.inode)
        guard change.marksWritten else {
            if partial.followUps.changed.count >= Self.limit { partial.followUps.changed = [:] }
            partial.followUps.changed[at.thread] = (file, at.time)
            return
        }
        guard let ended = partial.followUps.ends.removeValue(forKey: file), at.time >= ended else { return }
        note(change.name, after: at.time - ended)
    }
}
