// SPDX-License-Identifier: GPL-2.0-only

/// Arguments of the latest probe events. They are large and rare, so that an event only says which ones are its own.
///
/// One thread adds them. Another one may ask for those of events that it has from it, without a lock, as long as they are
/// among the latest: they do not move.
public final class ProbeCalls {
    /// Of so many events a reader may hold the arguments while it puts them in order.
    static let mostHeld = 1 << 14

    private let calls: UnsafeMutablePointer<ProbeArguments>
    /// Places in it, of which the first is for events without arguments.
    private let places: Int
    private var next = 1
    /// How many there were.
    private(set) var count = 0

    /// What a reader needs.
    convenience init() { self.init(latest: Self.mostHeld + 1024) }

    /// - Parameter latest: so many are kept, at most 65,535.
    public init(latest: Int) {
        places = 1 + min(latest, Int(UInt16.max))
        calls = .allocate(capacity: places)
        calls.initialize(to: ProbeArguments())
    }

    deinit { calls.deallocate() }

    /// The arguments of an event, as long as not too many others followed it.
    public subscript(id: ProbeCallID) -> ProbeArguments { calls[Int(id.place)] }

    func add(_ arguments: ProbeArguments) -> ProbeCallID {
        let place = next
        next = place == places - 1 ? 1 : place + 1
        count += 1
        (calls + place).initialize(to: arguments)
        return ProbeCallID(place: UInt16(place))
    }

    /// Takes the arguments of an event over from where they will not stay.
    public func add(_ id: ProbeCallID, from others: ProbeCalls) -> ProbeCallID {
        id.place == 0 ? id : add(others[id])
    }
}

/// Which arguments are an event's.
public struct ProbeCallID: Sendable {
    let place: UInt16

    /// A record of the function tracer, which has none.
    static let none = ProbeCallID(place: 0)
}
