// SPDX-License-Identifier: GPL-2.0-only

/// Arguments of the latest probe events. They are large and rare, so that an event only says which ones are its own.
public final class ProbeCalls {
    /// More than a reader reorders events by.
    private static let kept = 1024

    private var calls = [ProbeArguments](repeating: ProbeArguments(), count: kept)
    private var next = 1

    init() {}

    /// The arguments of an event, as long as no more than some hundred others followed it.
    public subscript(id: ProbeCallID) -> ProbeArguments { calls[Int(id.place)] }

    func add(_ arguments: ProbeArguments) -> ProbeCallID {
        defer { next = next == Self.kept - 1 ? 1 : next + 1 }
        calls[next] = arguments
        return ProbeCallID(place: UInt16(next))
    }
}

/// Which arguments are an event's.
public struct ProbeCallID: Sendable {
    let place: UInt16

    /// A record of the function tracer, which has none.
    static let none = ProbeCallID(place: 0)
}
