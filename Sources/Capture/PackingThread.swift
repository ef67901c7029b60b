// SPDX-License-Identifier: GPL-2.0-only

import Dispatch
import Glibc
import Synchronization

/// Packs chunks beside the recorder, on a thread that runs only while nothing else wants the CPU.
///
/// The two never wait for each other: a lock could be held by a thread that gets no CPU. Each slot has one owner at a
/// time, told by its state.
final class PackingThread: Sendable {
    /// Chunks that are packed or wait for it.
    static let slots = 2

    /// Somebody's turn to use the slot.
    private enum Turn: UInt8 {
        /// The recorder's: nothing is in it.
        case free
        /// The thread's, unless the recorder takes it back.
        case offered
        /// The thread's.
        case packing
        /// The recorder's: the result is in it.
        case done
    }

    // What is not atomic is used only by whose turn it is; the turn is passed on with release and acquire.
    private final class Slot: @unchecked Sendable {
        let turn = Atomic<UInt8>(Turn.free.rawValue)
        var kind = ChunkKind.ios
        var payload: [UInt8] = []
        var packed: [UInt8]?

        func pass(_ from: Turn, to: Turn) -> Bool {
            turn.compareExchange(
                expected: from.rawValue, desired: to.rawValue, ordering: .acquiringAndReleasing
            ).exchanged
        }
    }

    private let all = (0..<slots).map { _ in Slot() }
    private let isEnding = Atomic(false)
    private let wakeUp = DispatchSemaphore(value: 0)

    /// Starts the thread.
    /// - Returns: To be given to `end`; `nil` when the system gives no thread.
    func start() -> pthread_t? {
        var thread = pthread_t()
        let retained = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<PackingThread>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, retained.toOpaque())
        guard status == 0 else {
            retained.release()
            return nil
        }
        return thread
    }

    /// Ends the thread, as soon as it has looked up from its work.
    func end(_ thread: pthread_t) {
        isEnding.store(true, ordering: .releasing)
        // As the others now: the process is not gone before it is, and while it gets no CPU it cannot go.
        var parameters = sched_param()
        pthread_setschedparam(thread, Int32(SCHED_OTHER), &parameters)
        wakeUp.signal()
        pthread_join(thread, nil)
    }

    /// Gives the thread a chunk to pack.
    /// - Returns: The number to ask for it by; `nil` when it has enough.
    func offer(_ kind: ChunkKind, _ payload: [UInt8]) -> Int? {
        guard
            let number = all.indices.first(where: { all[$0].turn.load(ordering: .acquiring) == Turn.free.rawValue })
        else { return nil }
        all[number].kind = kind
        all[number].payload = payload
        all[number].turn.store(Turn.offered.rawValue, ordering: .releasing)
        wakeUp.signal()
        return number
    }

    enum Answer {
        case notYet
        /// `nil`: raw is not longer.
        case done([UInt8]?)
    }

    /// What became of a chunk. After `done` its number is given to another.
    func take(_ number: Int) -> Answer {
        let slot = all[number]
        guard slot.turn.load(ordering: .acquiring) == Turn.done.rawValue else { return .notYet }
        let packed = slot.packed
        clear(slot)
        return .done(packed)
    }

    /// Takes a chunk back that the thread has not begun with.
    /// - Returns: Whether its number is free again; otherwise `take` it once it is done.
    func takeBack(_ number: Int) -> Bool {
        guard all[number].pass(.offered, to: .done) else { return false }
        clear(all[number])
        return true
    }

    private func clear(_ slot: Slot) {
        slot.payload = []
        slot.packed = nil
        slot.turn.store(Turn.free.rawValue, ordering: .releasing)
    }

    private func run() {
        // Of Linux, in no header that Swift reads: only when nothing else is runnable there.
        var parameters = sched_param()
        sched_setscheduler(0, 5, &parameters)
        let packer = ChunkPacker()
        while true {
            wakeUp.wait()
            guard !isEnding.load(ordering: .acquiring) else { return }
            for slot in all where slot.pass(.offered, to: .packing) {
                slot.packed = slot.payload.withUnsafeBytes { packer.pack(slot.kind, $0) }
                slot.turn.store(Turn.done.rawValue, ordering: .releasing)
            }
        }
    }
}
