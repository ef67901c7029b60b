// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Whose turn it is with slots that one thread fills and another one empties, in the same order: each waits for the
/// other. Their contents are kept by whoever has the ring; what one thread did in its turn the other one sees in its own.
public final class SlotRing: @unchecked Sendable {
    // Safe: whatever changes is read and written under `lock` only.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let freed = Wakeup()
    private let made = Wakeup()
    private let slots: Int
    private var filled = 0
    private var emptied = 0
    /// Nothing more will be filled.
    private var isClosed = false
    /// Nothing more will be emptied.
    private var hasLeft = false

    /// What one of the two threads waits for. Each has its own: one that was woken, and does not run yet, would take
    /// what is meant for the other one.
    private final class Wakeup {
        let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        var isAwaited = false

        init() { pthread_cond_init(condition, nil) }

        deinit {
            pthread_cond_destroy(condition)
            condition.deallocate()
        }
    }

    public init(slots: Int) {
        self.slots = slots
        pthread_mutex_init(lock, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    /// The slot to be filled next, once it is free; `nil` when the other thread wants no more.
    public func slotToFill() -> Int? {
        locked {
            // Half of them, so that a thread that is ahead is not woken for each.
            if filled - emptied == slots { wait(for: freed) { filled - emptied <= slots / 2 || hasLeft } }
            return hasLeft ? nil : filled % slots
        }
    }

    /// That slot is the other thread's now.
    public func endFilling() {
        locked {
            filled += 1
            wake(made)
        }
    }

    /// That was all.
    public func close() {
        locked {
            isClosed = true
            wake(made)
        }
    }

    /// The slot to be emptied next, once it is full; `nil` when there is none to come.
    public func slotToEmpty() -> Int? {
        locked {
            wait(for: made) { emptied < filled || isClosed }
            return emptied < filled ? emptied % slots : nil
        }
    }

    /// That slot can be filled again.
    public func endEmptying() {
        locked {
            emptied += 1
            if filled - emptied <= slots / 2 { wake(freed) }
        }
    }

    /// Whatever else there is is not wanted.
    public func leave() {
        locked {
            hasLeft = true
            wake(freed)
        }
    }

    public var isLeft: Bool { locked { hasLeft } }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    private func wait(for wakeup: Wakeup, until isDone: () -> Bool) {
        wakeup.isAwaited = true
        while !isDone() { pthread_cond_wait(wakeup.condition, lock) }
        wakeup.isAwaited = false
    }

    private func wake(_ wakeup: Wakeup) {
        if wakeup.isAwaited { pthread_cond_signal(wakeup.condition) }
    }
}
