// SPDX-License-Identifier: GPL-2.0-only

/// On which CPUs fio may run, and to which one the interrupt of its device should come: `1`, `0-3`, `1:0`.
public struct Placement: Codable, Hashable, Sendable {
    /// A list of CPUs as `taskset -c` takes it.
    public var fio: String
    /// `nil`: the interrupt is left alone.
    public var interrupt: UInt16?

    public init(fio: String, interrupt: UInt16? = nil) {
        self.fio = fio
        self.interrupt = interrupt
    }

    /// `nil` when `text` is neither `LIST` nor `LIST:CPU`.
    public init?(_ text: String) {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let list = halves.first, halves.count <= 2, !Self.cpus(in: list).isEmpty else { return nil }
        fio = String(list)
        guard halves.count == 2 else { return }
        guard let cpu = UInt16(halves[1]), cpu < Self.limit else { return nil }
        interrupt = cpu
    }

    public var label: String { interrupt.map { "\(fio):\($0)" } ?? fio }

    /// The CPUs of a list such as `0-3,8`; none when it is no such list.
    public static func cpus(in list: some StringProtocol) -> [UInt16] {
        var found: [UInt16] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
            guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last,
                last < limit
            else { return [] }
            found += first...last
        }
        return found
    }

    private static let limit: UInt16 = 8192
}
