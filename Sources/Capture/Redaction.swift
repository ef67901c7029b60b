// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

/// Takes out of a capture what identifies the machine and its users: host, command lines, filters, names of tasks, mount
/// points, inodes and process numbers, also where the end of a recording and its losses have them. Times, devices,
/// contexts and the names of kernel threads and functions stay, so that its report is the same but for names.
final class Redaction {
    private var inodes: [UInt64: UInt64] = [:]
    private var tasks: [UInt32: UInt32] = [:]
    private var names: [[UInt8]: Int] = [:]

    static let hidden = RecordingSession.redacted

    /// How the names of kernel threads begin that show up on CPUs. No others are kept.
    private static let kernelThreads = [
        "ksoftirqd/", "kworker/", "irq/", "migration/", "rcu_", "rcuc/", "rcub/", "ktimers/", "md", "kswapd", "jbd2/",
        "xfsaild/", "dmcrypt_write/", "loop", "iou-wrk-", "iou-sqp-", "swapper/",
    ].map { Array($0.utf8) }

    /// The JSON of a chunk, without what identifies anybody; `nil`: the whole chunk goes.
    func redacted(json: UnsafeRawBufferPointer, of kind: ChunkKind) throws -> [UInt8]? {
        switch kind {
        case .session:
            guard var session = ChunkJSON.decode(RecordingSession.self, from: json) else { return nil }
            session.host = Self.hidden
            session.commandLine = [Self.hidden]
            if !session.tracedCommand.isEmpty { session.tracedCommand = [Self.hidden] }
            if !session.filters.isEmpty { session.filters = [Self.hidden] }
            return try ChunkJSON.encode(session)
        case .devices:
            guard var devices = ChunkJSON.decode([DeviceName].self, from: json) else { return nil }
            for index in devices.indices {
                devices[index].mountPoint = nil
                // What tells of no kind is called by its name.
                if let mapped = devices[index].mapped, devices[index].layer == mapped { devices[index].layer = "dm" }
                devices[index].mapped = nil
            }
            return try ChunkJSON.encode(devices)
        case .account:
            guard var account = ChunkJSON.decode(ApplicationAccount.self, from: json) else { return nil }
            account.jobs = []
            return try ChunkJSON.encode(account)
        case .loss:
            guard var losses = ChunkJSON.decode([DataLoss].self, from: json) else { return nil }
            for index in losses.indices { losses[index].help = Self.withoutNames(losses[index].help) }
            return try ChunkJSON.encode(losses)
        case .end:
            guard var end = ChunkJSON.decode(RecordingEnd.self, from: json) else { return nil }
            end.other = end.other.map(redacted)
            return try ChunkJSON.encode(end)
        // Written anew: a member that is not known may name somebody.
        case .cpus: return try rewritten([CPUUse].self, json)
        case .places: return try rewritten(HostTopology.self, json)
        case .sampling: return try rewritten([SamplingStep].self, json)
        case .bursts: return try rewritten([RecordedBurst].self, json)
        case .summary: return try rewritten(StoredSummary.self, json)
        case .fileUsers, .files: return nil
        case .ios, .threads, .waitedIOs, .occupancies, .lives, .layeredIOs, .deepIOs: return nil
        }
    }

    private func rewritten<Value: Codable>(_ type: Value.Type, _ json: UnsafeRawBufferPointer) throws -> [UInt8]? {
        try ChunkJSON.decode(type, from: json).map { try ChunkJSON.encode($0) }
    }

    /// The sentence; what the recorder adds to it behind a colon or a semicolon may name tasks.
    private static func withoutNames(_ help: String) -> String {
        String(help.prefix { $0 != ":" && $0 != ";" })
    }

    private func redacted(_ other: OtherIO) -> OtherIO {
        var other = other
        for index in (other.opened ?? []).indices { other.opened?[index].mountPoint = nil }
        for index in (other.syncs ?? []).indices {
            guard let sync = other.syncs?[index] else { continue }
            other.syncs?[index].inode = inode(sync.inode)
            other.syncs?[index].firstThread = number(of: sync.firstThread)
        }
        return other
    }

    /// The same records with numbers and names of this capture alone.
    func redacted(records: UnsafeRawBufferPointer, of kind: ChunkKind) -> [UInt8] {
        var bytes = Array(records)
        bytes.withUnsafeMutableBytes { bytes in
            guard let size = kind.recordSize else { return }
            for start in stride(from: 0, through: bytes.count - size, by: size) {
                redact(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + size]), kind)
            }
        }
        return bytes
    }

    private func redact(_ record: UnsafeMutableRawBufferPointer, _ kind: ChunkKind) {
        switch kind {
        case .threads:
            var task = record.loadUnaligned(as: probe_task.self)
            task.tid = number(of: task.tid)
            task.tgid = number(of: task.tgid)
            withUnsafeMutableBytes(of: &task.comm) { rename($0) }
            record.storeBytes(of: task, as: probe_task.self)
        case .occupancies:
            var occupancy = record.loadUnaligned(as: probe_occupancy.self)
            occupancy.tid = number(of: occupancy.tid)
            // The work of a pool is a function of the kernel.
            if UInt32(occupancy.occupant) != PROBE_OCCUPANT_POOL_WORK.rawValue {
                withUnsafeMutableBytes(of: &occupancy.name) { rename($0) }
            }
            record.storeBytes(of: occupancy, as: probe_occupancy.self)
        default:
            // Every other record begins with one of these.
            var io = record.loadUnaligned(as: probe_io.self)
            io.inode = inode(io.inode)
            io.submitter_tid = number(of: io.submitter_tid)
            io.worker_tid = number(of: io.worker_tid)
            record.storeBytes(of: io, as: probe_io.self)
        }
    }

    private func inode(_ inode: UInt64) -> UInt64 {
        guard inode != 0 else { return 0 }
        return inodes[inode] ?? add(UInt64(inodes.count + 1), to: &inodes, for: inode)
    }

    private func number(of task: UInt32) -> UInt32 {
        guard task != 0 else { return 0 }
        return tasks[task] ?? add(UInt32(tasks.count + 1), to: &tasks, for: task)
    }

    private func add<Key: Hashable, Value>(_ value: Value, to numbers: inout [Key: Value], for key: Key) -> Value {
        numbers[key] = value
        return value
    }

    /// `task1`, `task2`... in the order in which names come.
    private func rename(_ name: UnsafeMutableRawBufferPointer) {
        let old = Array(name.prefix { $0 != 0 })
        guard !old.isEmpty, !Self.kernelThreads.contains(where: { old.starts(with: $0) }) else { return }
        let new = "task\(names[old] ?? add(names.count + 1, to: &names, for: old))"
        for index in name.indices { name[index] = 0 }
        name.copyBytes(from: new.utf8.prefix(name.count - 1))
    }
}
