// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Host
import Probes

/// What `check --json` says. Members are only ever added.
struct CheckFindings: Encodable {
    let schema = "dioscope.check/1"
    let kernel: String
    let machine: String
    let cpus: Int
    let mayLoadPrograms: Bool
    /// Capabilities without which nothing is recorded.
    let missingCapabilities: [String]
    /// Those without which less is.
    let wantedCapabilities: [String]
    let addressesShown: Bool
    /// Process numbers are those that the probes see: not in a container of its own.
    let initialPidNamespace: Bool
    /// `nil`: not known.
    let lockdown: String?
    let hasBTF: Bool
    /// The kernel was asked, by loading every probe; else they are only what its types would allow.
    let probesWereTried: Bool
    /// By which rule the kernel decides how a direct I/O completes.
    let completionRule: String?
    let probes: [Probe]
    /// What no probe can see, in words.
    let blind: [String]
    let canRecord: Bool
    /// Why it cannot.
    let problem: String?

    struct Probe: Encodable {
        let name: String
        let usable: Bool
        let reason: String?
    }

    /// - Parameter plan: `nil` without BTF.
    init(_ access: KernelAccess, plan: ProbePlan?, failure: ProbeError?) {
        let names = HostFacts.names()
        (kernel, machine, cpus) = (names.kernel, names.machine, HostFacts.cpuCount)
        mayLoadPrograms = access.mayLoadPrograms
        missingCapabilities = access.missing.map(\.name)
        wantedCapabilities = access.wanting.map(\.capability.name)
        (addressesShown, initialPidNamespace) = (access.showsAddresses, access.isInInitialPIDNamespace)
        lockdown = access.lockdown?.rawValue
        hasBTF = plan != nil
        probesWereTried = plan != nil && access.mayRecord && failure == nil
        completionRule = plan?.completionRule.rawValue
        probes =
            (plan?.included ?? []).map { Probe(name: $0.place, usable: true, reason: nil) }
            + (plan?.missed ?? []).map { Probe(name: $0.program.place, usable: false, reason: $0.refusal) }
        blind = plan?.blindTo ?? []
        problem =
            plan == nil
            ? "no BTF"
            : failure.map { "\($0)" } ?? plan?.missingEssential.map { "\($0.program.place): \($0.refusal ?? "")" }
        canRecord = problem == nil && access.mayRecord
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
