// SPDX-License-Identifier: GPL-2.0-only

/// Changes: the same numbers with their sign.
extension Quantity {
    package static func signedDuration(_ nanoseconds: Double) -> String {
        signed(nanoseconds, duration(abs(nanoseconds)), zero: "0ns")
    }

    /// A part with its sign: `+21.1%`, `-0.4%`, `+250%`.
    package static func signedPercent(_ part: Double) -> String {
        let percent = abs(part) * 100
        return signed(part, fixed(percent, percent < 99.95 ? 1 : 0) + "%", zero: "0.0%")
    }

    /// The change of a share, in percentage points: `+96.1pp`.
    package static func signedPoints(_ share: Double) -> String {
        signed(share, fixed(abs(share) * 100, 1) + "pp", zero: "0.0pp")
    }

    /// I/Os per second.
    package static func rate(_ perSecond: Double) -> String {
        perSecond < 99.95 ? fixed(perSecond, 1) : count(UInt64(min(perSecond, 1e18).rounded()))
    }

    package static func signedRate(_ perSecond: Double) -> String {
        signed(perSecond, rate(abs(perSecond)), zero: "0.0")
    }

    /// What rounds to nothing has no sign.
    private static func signed(_ value: Double, _ text: String, zero: String) -> String {
        text == zero ? text : (value < 0 ? "-" : "+") + text
    }
}
