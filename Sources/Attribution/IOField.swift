// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// What is known of one I/O, by the name that it has everywhere: in `--where` and `--sort`, in JSON (`list --json`,
/// `export --format jsonl`) and as a column of CSV. There, times and durations end in `_ns`; in a condition they have a
/// unit instead.
public enum IOField: Hashable, Sendable {
    /// When it passed the point: CLOCK_MONOTONIC.
    case point(LifePoint)
    case latency
    case context, reason, endContext, operation, issuer
    case device, inode, offset, length, error
    case submitter, comm, worker
    case submitCPU, endCPU, workerCPU, completionCPU, irq, irqBatchPosition
    /// How long it took.
    case stage(Stage)
    /// All stages that are composed of several, together.
    case composed
    /// By the path or the name of the file; what is known of that is not in the I/O.
    case file
    /// Any of the devices that it came through.
    case layer

    /// What its values are, and so how they are written.
    public enum Kind: Equatable, Sendable {
        case time, duration, bytes, number, device, text
        case choice([String])
    }

    private struct Row {
        var field: IOField
        var name: String
        var kind: Kind

        init(_ field: IOField, _ name: String, _ kind: Kind) {
            (self.field, self.name, self.kind) = (field, name, kind)
        }
    }

    /// In the order of columns.
    private static let rows: [Row] =
        LifePoint.allCases.map { Row(.point($0), $0.name, .time) } + [
            Row(.latency, "latency", .duration),
            Row(.context, "context", .choice(CompletionContext.allCases.map(\.rawValue))),
            Row(.reason, "reason", .choice(DeferralReason.allCases.map(\.rawValue))),
            Row(.endContext, "end_io_context", .choice(ExecutionContext.allCases.map(\.rawValue))),
            Row(.operation, "op", .choice(DirectIO.Operation.allCases.map(\.rawValue))),
            Row(.issuer, "issuer", .choice(Issuer.allCases.map(\.rawValue))),
            Row(.device, "dev", .device),
            Row(.inode, "inode", .number),
            Row(.offset, "offset", .bytes),
            Row(.length, "length", .bytes),
            Row(.error, "error", .number),
            Row(.submitter, "submitter", .number),
            Row(.comm, "comm", .text),
            Row(.worker, "worker", .number),
            Row(.submitCPU, "submit_cpu", .number),
            Row(.endCPU, "end_cpu", .number),
            Row(.workerCPU, "worker_cpu", .number),
            Row(.completionCPU, "completion_cpu", .number),
            Row(.irq, "irq_number", .number),
            Row(.irqBatchPosition, "irq_batch_position", .number),
        ] + Stage.atomic.map { Row(.stage($0), $0.name, .duration) }

    /// Those that are no column by themselves, or another one than here.
    private static let others = [
        Row(.composed, "composed", .duration), Row(.file, "file", .text), Row(.layer, "layer", .device),
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: (rows + others).map { ($0.name, $0) })
    private static let byField = Dictionary(uniqueKeysWithValues: (rows + others).map { ($0.field, $0) })

    /// What an earlier version called them.
    private static let earlier = [
        "size": "length", "cpu": "submit_cpu", "thread": "submitter", "tid": "submitter",
        "end_context": "end_io_context", "submit_and_device": "submit..device",
        "device_and_completion": "device..submitter_wakeup", "submit_to_completion": "submit..submitter_wakeup",
        "irq_and_hand_off": "irq..hand_off", "irq_and_completion": "irq..inline_completion",
    ]

    /// The columns that are one field each: all but composed stages.
    public static let all = rows.map(\.field)
    /// All that a condition can be of, but single composed stages.
    public static let ofConditions = all + others.map(\.field)

    public init?(name: String) {
        guard let field = Self.byName[name]?.field ?? Stage(name: name).map({ .stage($0) }) else { return nil }
        self = field
    }

    public var name: String {
        if case .stage(let stage) = self { return stage.name }
        return Self.byField[self]?.name ?? ""
    }

    public var kind: Kind { Self.byField[self]?.kind ?? .duration }

    /// The name of the JSON member, and of the column in CSV.
    public var key: String { kind == .time || kind == .duration ? name + "_ns" : name }

    /// The name that was probably meant by one that is unknown.
    public static func meant(by name: String) -> String? {
        if let now = earlier[name] { return now }
        if let now = ofConditions.first(where: { $0.key == name }) { return now.name }
        let begun = name.count < 2 ? [] : ofConditions.map(\.name).filter { $0.hasPrefix(name) }
        if let shortest = begun.min(by: { $0.count < $1.count }) { return shortest }
        let near = ofConditions.map { (name: $0.name, distance: distance($0.name, name)) }.min {
            $0.distance < $1.distance
        }
        let most = max(1, min(2, name.count / 3))
        return near.flatMap { $0.distance <= most && $0.distance < name.count ? $0.name : nil }
    }

    /// How many characters have to be changed, added or left out.
    private static func distance(_ name: String, _ other: String) -> Int {
        let others = Array(other.unicodeScalars.prefix(40))
        var row = Array(0...others.count)
        for (place, scalar) in name.unicodeScalars.enumerated() {
            var diagonal = place
            row[0] = place + 1
            for column in others.indices {
                let changed = diagonal + (others[column] == scalar ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
            }
        }
        return row[others.count]
    }
}

extension IOField {
    /// Its value when that is a number; `nil` when it was not seen, or is none. Of a device, the kernel's `dev_t`.
    public func number(of io: DirectIO, _ life: AttributedLife) -> Int128? {
        guard isSeen(of: io, life) else { return nil }
        return switch self {
        case .point(let point): io[point].map { Int128($0.nanoseconds) }
        case .latency: Int128(life.latency)
        case .stage(let stage): life.spans[stage].map { Int128($0) }
        case .composed: life.spans.composed.map { Int128($0) }
        case .error: Int128(io.error)
        case .length: Int128(io.length)
        case .offset: Int128(io.offset)
        case .inode: Int128(io.inode)
        case .irq: io.irq.map { Int128($0) }
        case .irqBatchPosition: io.irqBatchPosition.map { Int128($0) }
        case .submitter: Int128(io.submitterThread)
        case .worker: io.workerThread.map { Int128($0) }
        case .submitCPU: io.submitCPU.map { Int128($0) }
        case .endCPU: io.endCPU.map { Int128($0) }
        case .workerCPU: io.workerCPU.map { Int128($0) }
        case .completionCPU: io.completionCPU.map { Int128($0) }
        case .device: Int128(io.device.kernelNumber)
        case .context, .endContext, .reason, .issuer, .operation, .comm, .file, .layer: nil
        }
    }

    /// Its value when that is a text; `nil` when it was not seen, or is none.
    /// - Parameter threads: names of submitters, by thread number.
    public func text(of io: DirectIO, _ life: AttributedLife, _ threads: [UInt32: ThreadName]) -> String? {
        switch self {
        case .context: life.context.rawValue
        case .endContext: io.endContext?.rawValue
        case .reason: life.reason?.rawValue
        case .issuer: io.issuer.rawValue
        case .operation: io.operation.rawValue
        case .comm: io.knowsSubmitter ? threads[io.submitterThread]?.name : nil
        default: nil
        }
    }

    /// For an I/O without its submission, what only that shows was not seen.
    private func isSeen(of io: DirectIO, _ life: AttributedLife) -> Bool {
        guard io.isPartial else { return true }
        return switch self {
        case .latency: io.knowsLatency(life)
        case .submitter: io.knowsSubmitter
        case .device, .offset: io.knowsDevice
        case .inode: io.knowsFile
        case .length: io.knowsLength
        case .error: io.knowsError
        default: true
        }
    }
}
