// SPDX-License-Identifier: GPL-2.0-only

import Dispatch
import Glibc
import Host
import Synchronization

/// Keeps a few pages of each file cached while fio overwrites it: a direct write drops the pages in its way. For the runs
/// without cached pages it wakes up as often and does nothing, so that both have the same of it.
final class PageKeeper: Sendable {
    private let isOver = Atomic(false)
    private let finished = DispatchSemaphore(value: 0)

    /// So many pages of a file, over all of it: at least one is there whenever a write is submitted.
    static let pages: UInt64 = 8
    /// Microseconds from one look to the next.
    private static let pause: UInt32 = 5_000

    /// - Parameter paths: files of which pages are kept; empty: none.
    init(_ paths: [String]) {
        DispatchQueue(label: "cached pages").async { [self] in
            let caches = paths.compactMap { PageCache($0) }
            for cache in caches { cache.readOnlyWhatIsAsked() }
            while !isOver.load(ordering: .relaxed) {
                for cache in caches { Self.fill(cache) }
                usleep(Self.pause)
            }
            finished.signal()
        }
    }

    /// Returns when it touches no file any more.
    func end() {
        isOver.store(true, ordering: .relaxed)
        finished.wait()
    }

    /// - Returns: whether at least one is cached.
    @discardableResult
    static func fill(_ cache: PageCache) -> Bool {
        let last = cache.size > 0 ? (cache.size - 1) / PageCache.pageBytes : 0
        var isThere = false
        for index in 0..<pages where cache.size > 0 {
            let page = pages == 1 ? 0 : last * index / (pages - 1)
            if cache.cachePage(at: page * PageCache.pageBytes) { isThere = true }
        }
        return isThere
    }
}
