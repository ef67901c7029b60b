// SPDX-License-Identifier: GPL-2.0-only

/// Names of a trace as small numbers, so that an event has none itself. Untrusted text.
///
/// At most 65,536 different names are kept; any more are `NameID.unknown`.
///
/// One thread adds names. Others may ask for those whose numbers they have from it, without a lock: a name never moves.
public final class NameTable {
    private static let most = 1 << 16
    private let names = UnsafeMutablePointer<String>.allocate(capacity: most)
    private let kinds = UnsafeMutablePointer<ThreadKind>.allocate(capacity: most)
    private var count = 1
    private var numbers: [Key: NameID] = [:]
    /// The last name of each hash of a thread's name: nearly every event repeats one of a few.
    private var recent = [(key: Key, id: NameID)](repeating: (Key(low: 0, high: 0, rest: 0), .unknown), count: 256)

    /// Up to 16 bytes in place; of longer ones the first 16, and a hash of the rest.
    private struct Key: Hashable {
        var low: UInt64
        var high: UInt64
        var rest: UInt64
    }

    public init() {
        names.initialize(to: "")
        kinds.initialize(to: .unknown)
    }

    deinit {
        names.deinitialize(count: count)
        names.deallocate()
        kinds.deallocate()
    }

    /// - Parameter id: of this table.
    public func name(_ id: NameID) -> String { names[Int(id.number)] }

    func kind(_ id: NameID) -> ThreadKind { kinds[Int(id.number)] }

    /// The trace has a name for it.
    public func isNamed(_ id: NameID) -> Bool { kinds[Int(id.number)] != .unknown }

    /// A worker thread of any workqueue.
    public func isWorker(_ id: NameID) -> Bool { kinds[Int(id.number)].isWorker }

    /// A worker of its CPU's normal-priority pool, which completes direct I/O.
    public func isPoolWorker(_ id: NameID) -> Bool { kinds[Int(id.number)] == .poolWorker }

    /// A worker of io_uring's own, which does what would have had to wait.
    public func isRingWorker(_ id: NameID) -> Bool { kinds[Int(id.number)] == .ringWorker }

    /// The thread of an interrupt.
    public func isInterruptThread(_ id: NameID) -> Bool { kinds[Int(id.number)] == .interruptThread }

    /// A thread of the kernel that reads and writes files for others.
    public func isKernelUser(_ id: NameID) -> Bool { kinds[Int(id.number)] == .kernelUser || isWorker(id) }

    public func isSoftirqThread(_ id: NameID) -> Bool { kinds[Int(id.number)] == .softirqThread }

    func intern(_ bytes: UnsafeRawBufferPointer) -> NameID {
        guard !bytes.isEmpty else { return .unknown }
        let key = Self.key(bytes)
        let slot = Int(truncatingIfNeeded: ((key.low ^ key.high &* 31 ^ key.rest) &* 0x9e37_79b9_7f4a_7c15) >> 56)
        if recent[slot].key == key { return recent[slot].id }
        let id = numbers[key] ?? add(bytes, key)
        recent[slot] = (key, id)
        return id
    }

    func intern(_ text: String) -> NameID {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    private func add(_ bytes: UnsafeRawBufferPointer, _ key: Key) -> NameID {
        guard count < Self.most else { return .unknown }
        let id = NameID(number: UInt16(count))
        let name = String(decoding: bytes.prefix(256), as: UTF8.self)
        (names + count).initialize(to: name)
        (kinds + count).initialize(to: ThreadKind(of: name))
        count += 1
        numbers[key] = id
        return id
    }

    private static func key(_ bytes: UnsafeRawBufferPointer) -> Key {
        let count = bytes.count
        var key = Key(low: 0, high: 0, rest: UInt64(count))
        guard count >= 8 else {
            for index in 0..<count { key.low |= UInt64(bytes[index]) << UInt64(8 * index) }
            return key
        }
        key.low = word(bytes, at: 0)
        // The last eight bytes, without those that are in the first word already.
        if count < 16 { key.high = word(bytes, at: count - 8) >> UInt64(8 * (16 - count)) }
        guard count >= 16 else { return key }
        key.high = word(bytes, at: 8)
        var place = 16
        while place < count {
            // Eight bytes at a time, the last ones perhaps twice.
            let next = word(bytes, at: min(place, count - 8))
            key.rest = ((key.rest ^ next) &* 0x9e37_79b9_7f4a_7c15).byteSwapped
            place += 8
        }
        return key
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

/// A name in a `NameTable`.
public struct NameID: Hashable, Sendable {
    let number: UInt16

    public static let unknown = NameID(number: 0)
}

/// What a thread's name says of it.
enum ThreadKind: UInt8 {
    case unknown, ordinary
    /// `kworker/N:M`: bound to a CPU, of ordinary priority.
    case poolWorker
    /// `kworker/N:MH`, `kworker/uN:M`, and one that a name cut short does not show.
    case otherWorker
    /// `iou-wrk-N`, in older kernels `io_wqe_worker-N`.
    case ringWorker
    /// `irq/N-name`.
    case interruptThread
    /// `ksoftirqd/N`.
    case softirqThread
    /// Of the kernel's own users of files: loop before 5.15, SCSI targets.
    case kernelUser

    var isWorker: Bool { self == .poolWorker || self == .otherWorker }

    private static let others: [(prefix: String, kind: ThreadKind)] = [
        ("iou-wrk-", .ringWorker), ("io_wqe_worker-", .ringWorker), ("irq/", .interruptThread),
        ("ksoftirqd/", .softirqThread), ("iscsi_trx", .kernelUser), ("iscsi_ttx", .kernelUser), ("LIO-", .kernelUser),
        ("tcm_", .kernelUser),
    ]

    init(of name: String) {
        let bytes = Array(name.utf8)
        let prefix = Array("kworker/".utf8)
        guard bytes.starts(with: prefix) else {
            if name == "<...>" {
                self = .unknown
                return
            }
            let isLoop = name.hasPrefix("loop") && name.count > 4 && bytes.dropFirst(4).allSatisfy(isDigit)
            self = isLoop ? .kernelUser : Self.others.first { name.hasPrefix($0.prefix) }?.kind ?? .ordinary
            return
        }
        let rest = bytes.dropFirst(prefix.count)
        let cpu = rest.prefix(while: isDigit)
        let afterCPU = rest.dropFirst(cpu.count)
        let worker = afterCPU.dropFirst().prefix(while: isDigit)
        let isBound = !cpu.isEmpty && afterCPU.first == UInt8(ascii: ":") && !worker.isEmpty
        let isHigh = afterCPU.dropFirst(1 + worker.count).first == UInt8(ascii: "H")
        self = isBound && !isHigh ? .poolWorker : .otherWorker
    }
}
