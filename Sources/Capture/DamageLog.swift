// SPDX-License-Identifier: GPL-2.0-only

/// Collects damage in bounded memory: the first findings in full, of all others the totals.
struct DamageLog: Sendable {
    static let longest = 256

    private(set) var findings: [CaptureDamage] = []
    private(set) var count = 0
    private(set) var bytesLost: UInt64 = 0
    private(set) var iosLost: UInt64 = 0
    private(set) var iosLostIsExact = true

    mutating func add(_ problem: CaptureDamage.Problem, at offset: UInt64, bytes: UInt64, ios: UInt64?) {
        count += 1
        bytesLost = bytesLost.addingSaturated(bytes)
        iosLost = iosLost.addingSaturated(ios ?? 0)
        if ios == nil { iosLostIsExact = false }
        guard findings.count < Self.longest else { return }
        findings.append(CaptureDamage(offset: offset, problem: problem, bytesLost: bytes, iosLost: ios))
    }
}

extension DamageLog {
    /// Takes in what another share of the same capture found, in file order.
    mutating func add(_ other: DamageLog) {
        count += other.count
        bytesLost = bytesLost.addingSaturated(other.bytesLost)
        iosLost = iosLost.addingSaturated(other.iosLost)
        iosLostIsExact = iosLostIsExact && other.iosLostIsExact
        findings = Array((findings + other.findings).sorted { $0.offset < $1.offset }.prefix(Self.longest))
    }
}

extension UInt64 {
    fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
