// SPDX-License-Identifier: GPL-2.0-only

/// One way in which a result is incomplete: counted, and carried along with the data to every output.
public struct DataLoss: Hashable, Sendable, Codable {
    /// A stable name, e.g. `ring-full`.
    public var what: String
    public var count: UInt64
    public var severity: Severity
    /// What it means and what to do about it, one line.
    public var help: String

    public init(what: String, count: UInt64, severity: Severity, help: String) {
        self.what = what
        self.count = count
        self.severity = severity
        self.help = help
    }

    public enum Severity: String, Sendable, Codable {
        /// I/Os or stages are missing from the result.
        case loss
        /// Nothing is missing; it helps to read the result.
        case info

        /// A severity that a later version may have stored is a `loss`.
        public init(from decoder: any Decoder) throws {
            self = Severity(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .loss
        }
    }
}
