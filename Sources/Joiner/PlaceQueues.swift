// SPDX-License-Identifier: GPL-2.0-only

/// What is on its way at each place of a disk, in its order: nearly always one thing, but several I/Os may read or write
/// a place at a time.
struct PlaceQueues<Element> {
    private var first: [BlockPlace: Element] = [:]
    private var later: [BlockPlace: [Element]] = [:]

    /// Places at which there is anything.
    var count: Int { first.count }
    /// All of it, in no order.
    var all: [Element] { Array(first.values) + later.values.joined() }

    /// The first at a place.
    subscript(place: BlockPlace) -> Element? { first[place] }

    /// Puts it in front of what there is, in place of the first.
    mutating func replaceFirst(_ element: Element, at place: BlockPlace) { first[place] = element }

    /// One that fits is the first then, if there is any.
    /// - Returns: How many fit.
    mutating func bringForward(at place: BlockPlace, where condition: (Element) -> Bool) -> Int {
        guard let there = first[place] else { return 0 }
        let isFitting = condition(there)
        guard !later.isEmpty, let others = later[place] else { return isFitting ? 1 : 0 }
        let fitting = others.indices.filter { condition(others[$0]) }
        guard !isFitting, let index = fitting.first else { return fitting.count + (isFitting ? 1 : 0) }
        later[place]?.remove(at: index)
        later[place]?.insert(there, at: 0)
        first[place] = others[index]
        return fitting.count
    }

    /// Forgets what there is at a place.
    mutating func replaceAll(_ element: Element, at place: BlockPlace) {
        first[place] = element
        if !later.isEmpty { later[place] = nil }
    }

    /// Behind what there is; more than are believed to be at one place are left out.
    mutating func append(_ element: Element, at place: BlockPlace) {
        guard first[place] != nil else { return first[place] = element }
        guard later[place, default: []].count < KeyChain.longest else { return }
        later[place, default: []].append(element)
    }

    /// Behind the first one.
    func firstLater(at place: BlockPlace, where condition: (Element) -> Bool) -> Element? {
        later.isEmpty ? nil : later[place]?.first(where: condition)
    }

    /// - Returns: Whether there is one.
    mutating func changeFirstLater(
        at place: BlockPlace, where condition: (Element) -> Bool, _ change: (inout Element) -> Void
    ) -> Bool {
        guard let index = later[place]?.firstIndex(where: condition) else { return false }
        change(&later[place, default: []][index])
        return true
    }

    mutating func removeFirstLater(at place: BlockPlace, where condition: (Element) -> Bool) -> Element? {
        guard !later.isEmpty, let index = later[place]?.firstIndex(where: condition) else { return nil }
        let removed = later[place]?.remove(at: index)
        if later[place]?.isEmpty == true { later[place] = nil }
        return removed
    }

    /// The next one is the first then.
    mutating func removeFirst(at place: BlockPlace) -> Element? {
        guard let removed = first.removeValue(forKey: place) else { return nil }
        if !later.isEmpty, var rest = later.removeValue(forKey: place) {
            first[place] = rest.removeFirst()
            if !rest.isEmpty { later[place] = rest }
        }
        return removed
    }

    /// Keeps places whose first one is wanted.
    mutating func keepPlaces(where isWanted: (Element) -> Bool) {
        first = first.filter { isWanted($0.value) }
        later = later.filter { first[$0.key] != nil }
    }
}
