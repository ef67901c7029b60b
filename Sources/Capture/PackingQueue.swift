// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Chunks on their way to the file, in order, some of them being packed meanwhile. None waits longer than so long: then
/// it goes as it is.
struct PackingQueue {
    struct Chunk {
        var kind: ChunkKind
        var count: Int
        var payload: [UInt8]
    }

    private struct Waiting {
        var chunk: Chunk
        /// By which to ask the thread for it; `nil` when that had enough.
        var number: Int?
        var since: UInt64
    }

    private let packing = PackingThread()
    private let thread: pthread_t
    private var waiting: [Waiting] = []
    /// Numbers of chunks that were written raw while the thread was at them.
    private var forgotten: [Int] = []

    /// Bounds the memory: of the longest chunks 12 MiB.
    private static let longest = 8
    /// With the time between two flushes less than a second: so much is lost when the recorder is killed.
    private static let patienceNanoseconds: UInt64 = 200_000_000

    /// `nil` when the system gives no thread.
    init?() {
        guard let thread = packing.start() else { return nil }
        self.thread = thread
    }

    /// To be called once, after which it is not to be used.
    func end() { packing.end(thread) }

    mutating func append(_ chunk: Chunk) {
        forgotten.removeAll { if case .done = packing.take($0) { true } else { false } }
        let number = packing.offer(chunk.kind, chunk.payload)
        waiting.append(Waiting(chunk: chunk, number: number, since: Self.now))
    }

    /// The first chunk, if it need not wait any longer: its payload as it is to be written, and whether that is packed.
    mutating func next() -> (chunk: Chunk, isPacked: Bool)? {
        guard let first = waiting.first else { return nil }
        if let number = first.number {
            switch packing.take(number) {
            case .done(let packed?):
                waiting.removeFirst()
                return (Chunk(kind: first.chunk.kind, count: first.chunk.count, payload: packed), true)
            case .done(nil): break
            case .notYet:
                guard waiting.count > Self.longest || Self.now &- first.since > Self.patienceNanoseconds else {
                    return nil
                }
                takeBack(number)
            }
        }
        waiting.removeFirst()
        return (first.chunk, false)
    }

    /// Everything that is left, raw.
    mutating func takeAll() -> [Chunk] {
        defer { waiting = [] }
        return waiting.map { entry in
            if let number = entry.number { takeBack(number) }
            return entry.chunk
        }
    }

    private mutating func takeBack(_ number: Int) {
        if !packing.takeBack(number) { forgotten.append(number) }
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
