// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Glibc
import Testing

@testable import Host

/// On whatever file system the build directory is on; what it does not do is not tested.
@Suite struct PageCacheTests {
    private let path = FileManager.default.currentDirectoryPath + "/.build/page-cache-\(UUID().uuidString)"

    private func withFile(_ body: (PageCache) throws -> Void) throws {
        try Data(repeating: 7, count: 64 * 4096).write(to: URL(filePath: path))
        defer { unlink(path) }
        try body(try #require(PageCache(path)))
    }

    @Test func pagesAreDroppedAndPutBack() throws {
        try withFile { cache in
            guard cache.drop() else { return }
            #expect(cache.cached() == [])
            cache.readOnlyWhatIsAsked()
            #expect(cache.cachePage(at: 8 * PageCache.pageBytes))
            let one = try #require(cache.cached())
            #expect(one.count >= 2)
            #expect(PageCache.put([], into: path) == nil)
            #expect(cache.cached() == [])
            #expect(PageCache.put(one, into: path) == nil)
            #expect(cache.cached() == one)
        }
    }

    @Test func anotherDescriptorIsSeen() throws {
        try withFile { cache in
            guard cache.isOpenElsewhere == false else { return }
            let other = open(path, O_RDONLY)
            #expect(cache.isOpenElsewhere == true)
            close(other)
            #expect(cache.isOpenElsewhere == false)
        }
    }

    @Test func aMappingIsSeen() throws {
        try withFile { cache in
            guard cache.isOpenElsewhere == false else { return }
            let other = open(path, O_RDONLY)
            let map = mmap(nil, 4096, PROT_READ, MAP_SHARED, other, 0)
            close(other)
            #expect(cache.isOpenElsewhere == true)
            munmap(map, 4096)
            #expect(cache.isOpenElsewhere == false)
        }
    }

    @Test func onlyFilesHavePages() {
        #expect(PageCache("/dev/null") == nil)
        #expect(PageCache("/nowhere") == nil)
        #expect(PageCache.put([0, 4096], into: "/nowhere") == nil)
    }
}
