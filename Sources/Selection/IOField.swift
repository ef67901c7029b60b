// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What can be asked of an I/O, in a condition and for an order.
public enum IOField: Hashable, Sendable {
    case latency
    /// When it was submitted.
    case submitted
    case stage(Stage)
    case context, endContext, reason, issuer, op
    case error, size, offset, inode, irq, thread
    case submitCPU, endCPU, workerCPU, completionCPU
    case device, comm

    /// What its values are, and so how they are written.
    enum Kind: Equatable {
        case duration, bytes, number, device, text
        case choice([String])
    }

    private static let plain: [(name: String, field: IOField)] = [
        ("latency", .latency), ("submitted", .submitted), ("context", .context), ("end_context", .endContext),
        ("reason", .reason), ("issuer", .issuer), ("op", .op), ("size", .size), ("offset", .offset),
        ("dev", .device), ("inode", .inode), ("tid", .thread), ("comm", .comm), ("error", .error), ("irq_number", .irq),
        ("submit_cpu", .submitCPU), ("end_cpu", .endCPU), ("worker_cpu", .workerCPU),
        ("completion_cpu", .completionCPU),
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: plain.map { ($0.name, $0.field) })

    /// All names but those of composed stages; those of the stages last.
    public static let names = plain.map(\.name) + Stage.atomic.map(\.name)

    public init?(name: String) {
        guard let field = Self.byName[name] ?? Stage(name: name).map({ .stage($0) }) else { return nil }
        self = field
    }

    public var name: String {
        if case .stage(let stage) = self { return stage.name }
        return Self.plain.first { $0.field == self }?.name ?? ""
    }

    var kind: Kind {
        switch self {
        case .latency, .stage: .duration
        case .size, .offset: .bytes
        case .submitted, .inode, .irq, .thread, .error, .submitCPU, .endCPU, .workerCPU, .completionCPU: .number
        case .device: .device
        case .comm: .text
        case .context: .choice(CompletionContext.allCases.map(\.rawValue))
        case .endContext: .choice(ExecutionContext.allCases.map(\.rawValue))
        case .reason: .choice(DeferralReason.allCases.map(\.rawValue))
        case .issuer: .choice(Issuer.allCases.map(\.rawValue))
        case .op: .choice(DirectIO.Operation.allCases.map(\.rawValue))
        }
    }

    /// Its value when that is a number; `nil` when it was not seen, or is none.
    func number(of subject: Subject) -> Int128? {
        let (io, life) = (subject.io, subject.life)
        return switch self {
        case .latency: Int128(life.latency)
        case .submitted: io.isPartial ? nil : Int128(io.submitted.nanoseconds)
        case .stage(let stage): life.spans[stage].map { Int128($0) }
        case .error: Int128(io.error)
        case .size: Int128(io.length)
        case .offset: Int128(io.offset)
        case .inode: Int128(io.inode)
        case .irq: io.irq.map { Int128($0) }
        case .thread: Int128(io.submitterThread)
        case .submitCPU: io.submitCPU.map { Int128($0) }
        case .endCPU: io.endCPU.map { Int128($0) }
        case .workerCPU: io.workerCPU.map { Int128($0) }
        case .completionCPU: io.completionCPU.map { Int128($0) }
        case .device: Int128(io.device.kernelNumber)
        case .context, .endContext, .reason, .issuer, .op, .comm: nil
        }
    }

    /// Its value when that is a text; `nil` when it was not seen, or is none.
    func text(of subject: Subject) -> String? {
        switch self {
        case .context: subject.life.context.rawValue
        case .endContext: subject.io.endContext?.rawValue
        case .reason: subject.life.reason?.rawValue
        case .issuer: subject.io.issuer.rawValue
        case .op: subject.io.operation.rawValue
        case .comm: subject.names.threads[subject.io.submitterThread]?.name
        default: nil
        }
    }
}

extension IOField {
    /// What follows the name of a field that there is not.
    static func help(for name: String) -> String {
        Spelling.hint(for: name, among: names)
            + (Spelling.nearest(to: name, among: names) == nil ? "; --help names them" : "")
    }
}
