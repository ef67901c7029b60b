// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import Probes

@Suite struct KernelAccessTests {
    private func access(_ capabilities: String, addresses: String, seccomp: Int = 0) throws -> KernelAccess {
        let file = FileManager.default.temporaryDirectory.appending(path: "symbols-\(UUID())")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(addresses.utf8).write(to: file)
        let status = "Name:\tdioscope\nCapInh:\t000001ffffffffff\nCapEff:\t\(capabilities)\nSeccomp:\t\(seccomp)\n"
        return KernelAccess(status: status, symbols: file.path)
    }

    private static let shown = "0000000000000000 A fixed_percpu_data\nffffffff81000000 T _stext\n"
    private static let hidden = "0000000000000000 A fixed_percpu_data\n0000000000000000 T _stext\n"

    @Test func rootMayRecord() throws {
        let access = try access("000001ffffffffff", addresses: Self.shown)
        #expect(access.mayRecord && access.missing.isEmpty && access.wanting.isEmpty && !access.isFiltered)
    }

    @Test func threeCapabilitiesAreEnough() throws {
        // 34, 38, 39.
        let access = try access("000000c400000000", addresses: Self.shown)
        #expect(access.mayRecord && access.missing.isEmpty)
        #expect(access.wanting.map(\.capability) == [.sysPtrace, .sysAdmin])
    }

    @Test func eachThatIsMissingIsNamed() throws {
        #expect(try access("0", addresses: Self.hidden).missing == [.bpf, .perfmon, .syslog])
        #expect(try access("0000008000000000", addresses: Self.shown).missing == [.perfmon])
        #expect(try access("0000004000000000", addresses: Self.shown).missing == [.bpf])
        // It stands for both.
        #expect(try access("0000000000200000", addresses: Self.hidden).missing == [.syslog])
    }

    @Test func hiddenAddressesAreNoRecording() throws {
        let without = try access("000000c000000000", addresses: Self.hidden)
        #expect(without.mayLoadPrograms && !without.mayRecord && without.missing == [.syslog])
        // kptr_restrict=2 hides them from everybody: no capability helps.
        let withAll = try access("000001ffffffffff", addresses: Self.hidden)
        #expect(!withAll.mayRecord && withAll.missing.isEmpty)
        #expect(try !access("000001ffffffffff", addresses: "").mayRecord)
    }

    @Test func filtersAreSeen() throws {
        #expect(try access("0", addresses: "", seccomp: 2).isFiltered)
    }
}
