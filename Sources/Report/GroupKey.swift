// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// By what I/Os can be grouped in a report.
public enum Grouping: String, Sendable, CaseIterable {
    case device, file, op, size, cpu, issuer, context, thread
    /// The name of the thread that submitted.
    case comm
    /// The machine, in a trace that merges several.
    case machine
    /// All devices of a stack that an I/O came through.
    case layer
}

/// What the I/Os of one group have in common.
public enum GroupKey: Hashable, Sendable {
    /// What is `nil` in any of them was not seen.
    case device(DeviceNumber?)
    /// A trace has no paths.
    case file(DeviceNumber?, inode: UInt64?)
    case op(DirectIO.Operation)
    /// In bytes, as asked for.
    case size(UInt32?)
    /// Where it was submitted.
    case cpu(UInt16?)
    case issuer(Issuer)
    case context(CompletionContext)
    /// The thread that submitted it.
    case thread(UInt32?)
    /// The thread's comm.
    case comm(String?)
    case machine(UInt8)
    /// From the top, those that are beside each other together; of a recording without layers the device alone.
    case layers([[DeviceNumber]])
    /// The keys of several groupings at once, in their order.
    case all([GroupKey])

    fileprivate init(of io: DirectIO, by grouping: Grouping, _ threads: [UInt32: ThreadName]) {
        self =
            switch grouping {
            case .device: .device(io.knowsDevice ? io.device : nil)
            case .file: .file(io.knowsDevice ? io.device : nil, inode: io.knowsFile ? io.inode : nil)
            case .op: .op(io.operation)
            case .size: .size(io.knowsLength ? io.length : nil)
            case .cpu: .cpu(io.submitCPU)
            case .issuer: .issuer(io.issuer)
            case .context: .context(CompletionContext(of: io))
            case .thread: .thread(io.knowsSubmitter ? io.submitterThread : nil)
            case .comm: .comm(io.knowsSubmitter ? threads[io.submitterThread]?.name : nil)
            case .machine: .machine(io.machine)
            case .layer: .layers(Self.layers(of: io))
            }
    }

    /// By which it is one.
    public var groupings: [Grouping] {
        switch self {
        case .all(let keys): keys.flatMap(\.groupings)
        default: [grouping].compactMap(\.self)
        }
    }

    private var grouping: Grouping? {
        switch self {
        case .device: .device
        case .file: .file
        case .op: .op
        case .size: .size
        case .cpu: .cpu
        case .issuer: .issuer
        case .context: .context
        case .thread: .thread
        case .comm: .comm
        case .machine: .machine
        case .layers: .layer
        case .all: nil
        }
    }

    /// A mirror gets a write in the order in which its disks happen to be given it: it is the same stack, whatever the order.
    private static func layers(of io: DirectIO) -> [[DeviceNumber]] {
        guard let layers = io.path?.layers, let top = layers.first?.device else {
            return io.knowsDevice ? [[io.device]] : []
        }
        guard let depths = depths(of: layers) else {
            // Who gave it on was not seen.
            return [[top]] + layers.dropFirst().map { [$0.device] }.sorted { $0[0].kernelNumber < $1[0].kernelNumber }
        }
        return (0...(depths.max() ?? 0)).map { depth in
            layers.indices.filter { depths[$0] == depth }.map { layers[$0].device }
                .sorted { $0.kernelNumber < $1.kernelNumber }
        }
    }

    /// How many layers are above each; `nil` where it was not seen who gave an I/O on.
    private static func depths(of layers: [LayerPassage]) -> [Int]? {
        var depths = [0]
        for layer in layers.dropFirst() {
            guard let giver = layer.giver, giver < depths.count else { return nil }
            depths.append(depths[giver] + 1)
        }
        return depths
    }
}

/// By what the I/Os of a report are grouped: by one thing, or by several at once.
public struct Grouper: Equatable, Sendable {
    /// At least one.
    public let groupings: [Grouping]
    /// Names of submitters, by thread number: for `comm`.
    private let threads: [UInt32: ThreadName]

    public init(by groupings: [Grouping], threads: [UInt32: ThreadName] = [:]) {
        self.groupings = groupings
        self.threads = threads
    }

    @inline(__always)
    func key(of io: DirectIO) -> GroupKey {
        guard groupings.count > 1 else { return GroupKey(of: io, by: groupings[0], threads) }
        return .all(groupings.map { GroupKey(of: io, by: $0, threads) })
    }

    /// `op,size`
    public var words: String { groupings.map(\.rawValue).joined(separator: ",") }

    /// I/Os that were aggregated in the kernel are distinguished by these alone.
    public static let ofSummaries: Set<Grouping> = [.op, .issuer, .context, .device]
}
