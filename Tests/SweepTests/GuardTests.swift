// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Sweep

@Suite struct GuardTests {
    @Test func ordersTravel() {
        for order: GuardOrder in [
            .restore(path: "/sys/a b\n\"", content: "1\n"), .remove(path: "/mnt/ü"),
            .watch(process: 77, milliseconds: 12), .ended(process: 77), .pages(path: "/a", ranges: [0, 4096]),
        ] {
            let line = order.line
            #expect(line.last == UInt8(ascii: "\n"))
            #expect(line.filter { $0 == UInt8(ascii: "\n") }.count == 1)
            #expect(GuardOrder(line: line.dropLast()) == order)
            #expect(GuardOrder(line: line.dropLast(3)) == nil)
        }
    }

    @Test func thingsAreUndoneInReverse() {
        var duty = GuardDuty()
        duty.take(.restore(path: "/a", content: "1"))
        duty.take(.restore(path: "/b", content: "2"))
        // The first content is the original.
        duty.take(.restore(path: "/a", content: "3"))
        duty.take(.remove(path: "/f"))
        duty.take(.remove(path: "/f"))
        duty.take(.watch(process: 5, milliseconds: 1))
        duty.take(.watch(process: 6, milliseconds: 1))
        duty.take(.ended(process: 5))
        #expect(duty.switches.map(\.path) == ["/b", "/a"])
        #expect(duty.switches.map(\.content) == ["2", "1"])
        #expect(duty.files == ["/f"])
        #expect(duty.processes == [6])
    }

    /// What was cut was never acted on.
    @Test func aCutLogIsReadUpToTheCut() {
        let log = GuardOrder.restore(path: "/a", content: "1").line + GuardOrder.remove(path: "/f").line.dropLast(4)
        #expect(GuardDuty(log: log).switches.count == 1)
        #expect(GuardDuty(log: log).files.isEmpty)
        #expect(GuardDuty(log: [0, 1, 2, 10, 255]) == GuardDuty())
    }
}
