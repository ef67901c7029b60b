// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// By what I/Os can be grouped in a report.
public enum Grouping: String, Sendable, CaseIterable {
    case device, file, op, size, cpu, issuer, context, thread
    /// The machine, in a trace that merges several.
    case machine
    /// All devices of a stack that an I/O came through.
    case layer
}

/// What the I/Os of one group have in common.
public enum GroupKey: Hashable, Sendable {
    case device(DeviceNumber)
    /// A trace has no paths.
    case file(DeviceNumber, inode: UInt64)
    case op(DirectIO.Operation)
    /// In bytes, as asked for.
    case size(UInt32)
    /// Where it was submitted; `nil` when that was not seen.
    case cpu(UInt16?)
    case issuer(Issuer)
    case context(CompletionContext)
    /// The thread that submitted it.
    case thread(UInt32)
    case machine(UInt8)
    /// From the top; of a recording without layers the device alone.
    case layers([DeviceNumber])

    public init(of io: DirectIO, by grouping: Grouping) {
        self =
            switch grouping {
            case .device: .device(io.device)
            case .file: .file(io.device, inode: io.inode)
            case .op: .op(io.operation)
            case .size: .size(io.length)
            case .cpu: .cpu(io.submitCPU)
            case .issuer: .issuer(io.issuer)
            case .context: .context(CompletionContext(of: io))
            case .thread: .thread(io.submitterThread)
            case .machine: .machine(io.machine)
            case .layer: .layers(Self.layers(of: io))
            }
    }

    public var grouping: Grouping {
        switch self {
        case .device: .device
        case .file: .file
        case .op: .op
        case .size: .size
        case .cpu: .cpu
        case .issuer: .issuer
        case .context: .context
        case .thread: .thread
        case .machine: .machine
        case .layers: .layer
        }
    }

    /// A mirror gets a write in the order in which its disks happen to be given it.
    private static func layers(of io: DirectIO) -> [DeviceNumber] {
        guard let layers = io.path?.layers, let top = layers.first else { return [io.device] }
        return [top.device] + layers.dropFirst().map(\.device).sorted { $0.kernelNumber < $1.kernelNumber }
    }
}
