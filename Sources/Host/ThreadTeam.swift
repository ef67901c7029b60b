// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Threads that do one thing together. Those of libdispatch give themselves a priority, whatever that of the process is:
/// `nice` would be for the first one only.
public enum ThreadTeam {
    /// Calls `body` with each number below `count`, at the same time, and returns when all are done.
    public static func perform(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let threads = (1..<max(1, count)).map { number in (number: number, thread: start { body(number) }) }
        body(0)
        for (number, thread) in threads {
            if let thread { pthread_join(thread, nil) } else { body(number) }
        }
    }

    /// Calls `other` on a thread of its own and `body` on this one, at the same time, and returns when both are done.
    /// - Returns: `nil` when the system gives no thread: neither was called.
    public static func beside<Result>(
        _ other: @escaping @Sendable () -> Void, _ body: () throws -> Result
    ) rethrows -> Result? {
        guard let thread = start(other) else { return nil }
        defer { pthread_join(thread, nil) }
        return try body()
    }

    private final class Work: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// `nil` when the system gives no thread.
    private static func start(_ run: @escaping @Sendable () -> Void) -> pthread_t? {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(run))
        let status = pthread_create(
            &thread, nil,
            { context in
                // The reference that was passed on above.
                if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, work.toOpaque())
        guard status == 0 else {
            work.release()
            return nil
        }
        return thread
    }
}
