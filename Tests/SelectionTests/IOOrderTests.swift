// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

@testable import Selection

struct IOOrderTests {
    /// Inode numbers of the I/Os in this order.
    static func sorted(_ text: String, _ ios: [DirectIO]) throws -> [UInt64] {
        let order = try IOOrder(parsing: text)
        let names = RecordedNames(threads: [7: ThreadName(thread: 7, process: 7, name: "a")])
        let keys = ios.map {
            (order.key(of: Subject($0, AttributedLife($0, rule: .defersWrites), names)), $0.inode)
        }
        return keys.sorted { order.isBefore($0.0, $1.0) }.map(\.1)
    }

    static let ios: [DirectIO] = (0..<4).map { index in
        var io = Life.make(times: [(\.completed, [30, 10, 40, 20][index])])
        io.inode = UInt64(index)
        io.length = index == 3 ? 8192 : 4096
        io.operation = index % 2 == 0 ? .write : .read
        io.submitCPU = index == 1 ? nil : UInt16(index)
        return io
    }

    @Test func numbersComeFromTheLargestDown() throws {
        #expect(try Self.sorted("latency", Self.ios) == [2, 0, 3, 1])
        #expect(try Self.sorted("-latency", Self.ios) == [1, 3, 0, 2])
        #expect(try Self.sorted("op", Self.ios) == [1, 3, 0, 2])
        #expect(try Self.sorted("-op", Self.ios) == [0, 2, 1, 3])
        #expect(try Self.sorted("length", Self.ios) == [3, 0, 1, 2])
    }

    @Test func whatHasNoValueComesLast() throws {
        #expect(try Self.sorted("submit_cpu", Self.ios) == [3, 2, 0, 1])
        #expect(try Self.sorted("-submit_cpu", Self.ios) == [0, 2, 3, 1])
        #expect(try Self.sorted("queue_wait", Self.ios) == [0, 1, 2, 3])
    }

    @Test func ofEqualOnesTheEarlierComesFirst() throws {
        var ios = Self.ios
        ios[0].submitted = Timestamp(nanoseconds: Life.submitted + 1)
        #expect(try Self.sorted("-error", ios).last == 0)
    }

    @Test func unknownFieldsAreTold() {
        for text in ["", "-", "--latency", "nonsense", "latency desc"] {
            #expect(throws: SelectionError.self) { try IOOrder(parsing: text) }
        }
    }
}
