// SPDX-License-Identifier: GPL-2.0-only

/// A trace from which events can be read. A text can be read only once.
public protocol TraceReader: AnyObject {
    var description: TraceDescription { get }
    var names: NameTable { get }
    var calls: ProbeCalls { get }
    /// Calls `each` with every event about direct I/O or about what was on a CPU, ordered by time.
    /// - Returns: All else that there is to say, and what could not be read.
    /// - Throws: `TraceError.cannotRead`, or what `each` throws.
    func read(_ each: (borrowing KernelEvent) throws -> Void) throws -> TraceSummary
}
