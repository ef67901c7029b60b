// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// A form in which I/Os leave for other tools. Takes them one by one, as a capture has them; whoever feeds it takes the
/// bytes away as they come.
public protocol IOExport: AnyObject {
    /// Bytes that are ready to be written.
    var output: [UInt8] { get set }
    func add(_ io: ListedIO)
    /// Takes I/Os that were aggregated in the kernel; only forms that `takesSums` do.
    func add(_ summary: IOSummary)
    /// No more I/Os come: what is still to be written goes to `output`.
    func finish()
}

extension IOExport {
    public func add(_ summary: IOSummary) {}
}

/// A form of totals that can say of how large a part of the I/Os they are.
public protocol TotalsExport: IOExport {
    /// `nil` when every I/O was to be recorded. Known before `finish`.
    var sample: Sample? { get set }
}

/// The forms by their names.
public enum ExportFormat: String, Sendable, CaseIterable {
    case perfetto, folded, csv, jsonl, hlog, openmetrics, parquet

    /// It has totals of all I/Os, not single ones.
    public var isOfTotals: Bool { [.folded, .hlog, .openmetrics, .parquet].contains(self) }

    /// Can be had of I/Os that were aggregated in the kernel.
    public var takesSums: Bool { self == .hlog || self == .openmetrics || self == .parquet }

    /// Not fit for a terminal.
    public var isBinary: Bool { self == .perfetto || self == .parquet }
}
