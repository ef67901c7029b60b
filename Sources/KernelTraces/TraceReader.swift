// SPDX-License-Identifier: GPL-2.0-only

/// A trace from which events can be read. A text can be read only once.
public protocol TraceReader: AnyObject {
    var description: TraceDescription { get }
    var names: NameTable { get }
    var calls: ProbeCalls { get }
    /// Asked now and then, whether to read no further.
    var stop: ReadingStop? { get set }
    /// Calls `each` with every event about direct I/O or about what was on a CPU, ordered by time.
    /// - Returns: All else that there is to say, and what could not be read.
    /// - Throws: `TraceError.cannotRead`, or what `each` throws.
    func read(_ each: (borrowing KernelEvent) throws -> Void) throws -> TraceContents
}

/// Ends the reading of a trace early: what was read up to there is whole.
public final class ReadingStop {
    static let reason = "reading was interrupted here"

    private let isWanted: () -> Bool
    private var asked = 0
    private var stoppedAt: Int?

    public init(_ isWanted: @escaping () -> Bool) {
        self.isWanted = isWanted
    }

    /// Another pass is to end where the first one was stopped.
    public func startAgain() { asked = 0 }

    /// Asked by one thread at a time.
    public func isDue() -> Bool {
        asked += 1
        if let stoppedAt { return asked >= stoppedAt }
        guard isWanted() else { return false }
        stoppedAt = asked
        return true
    }
}
