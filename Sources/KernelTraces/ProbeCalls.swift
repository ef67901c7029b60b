// SPDX-License-Identifier: GPL-2.0-only

/// Arguments of the latest probe events. They are large and rare, so that an event only says which ones are its own.
public final class ProbeCalls {
    /// Of so many events a reader may hold the arguments while it puts them in order.
    static let mostHeld = 1 << 14
    /// More than that.
    private static let kept = mostHeld + 1024

    /// Grows up to `kept`.
    private var calls = [ProbeArguments()]
    private var next = 1
    /// How many there were.
    private(set) var count = 0

    init() {}

    /// The arguments of an event, as long as not too many others followed it.
    public subscript(id: ProbeCallID) -> ProbeArguments { calls[Int(id.place)] }

    func add(_ arguments: ProbeArguments) -> ProbeCallID {
        defer { next = next == Self.kept - 1 ? 1 : next + 1 }
        count += 1
        if next < calls.count { calls[next] = arguments } else { calls.append(arguments) }
        return ProbeCallID(place: UInt16(next))
    }
}

/// Which arguments are an event's.
public struct ProbeCallID: Sendable {
    let place: UInt16

    /// A record of the function tracer, which has none.
    static let none = ProbeCallID(place: 0)
}
