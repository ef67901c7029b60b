// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// A generator with a seed, so that a failing life is the same in the next run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension DirectIO {
    /// Anything that a record can contain, plausible or not.
    static func random(using random: inout SplitMix) -> DirectIO {
        func sometimes<Value>(_ value: Value) -> Value? { Bool.random(using: &random) ? value : nil }
        func time() -> Timestamp { Timestamp(nanoseconds: .random(in: 1 ... .max, using: &random)) }
        func cpu() -> UInt16 { .random(in: 0..<0xffff, using: &random) }
        let write = Bool.random(using: &random)
        var io = DirectIO(
            submitted: time(), submitterThread: .random(in: 0 ... .max, using: &random),
            device: DeviceNumber(kernel: .random(in: 0 ... .max, using: &random)),
            inode: .random(in: 0 ... .max, using: &random), offset: .random(in: 0 ... .max, using: &random),
            length: .random(in: 0 ... .max, using: &random), operation: write ? .write : .read,
            issuer: Issuer.allCases.randomElement(using: &random) ?? .unknown)
        let facts = Facts(rawValue: .random(in: 0 ... .max, using: &random))
        io.facts = write ? facts.union(.write) : facts.subtracting(.write)
        io.issued = sometimes(time())
        io.interrupted = sometimes(time())
        io.ended = sometimes(time())
        io.workQueued = sometimes(time())
        io.workStarted = sometimes(time())
        io.completed = sometimes(time())
        io.taskWorkRun = sometimes(time())
        io.submitCPU = sometimes(cpu())
        io.endCPU = sometimes(cpu())
        io.workerCPU = sometimes(cpu())
        io.completionCPU = sometimes(cpu())
        io.irq = sometimes(.random(in: 0..<UInt32.max, using: &random))
        io.irqBatchPosition = sometimes(.random(in: 1 ... .max, using: &random))
        io.workerThread = sometimes(.random(in: 1 ... .max, using: &random))
        io.error = .random(in: .min ... .max, using: &random)
        io.endContext = sometimes(ExecutionContext.allCases.randomElement(using: &random) ?? .task)
        io.completeContext = sometimes(ExecutionContext.allCases.randomElement(using: &random) ?? .task)
        return io
    }
}

extension LayerPath {
    /// Anything that a record can occupancy of an I/O submitted at this time.
    static func random(submitted: UInt64, using random: inout SplitMix) -> LayerPath {
        func time() -> UInt64 {
            Bool.random(using: &random) ? submitted &+ .random(in: 1..<0xffff_ffff, using: &random) : 0
        }
        let isDeep = Bool.random(using: &random)
        let layers = (0..<Int.random(in: 0...(isDeep ? 8 : 4), using: &random)).map { number in
            var layer = LayerPassage(device: DeviceNumber(major: 253, minor: UInt32(number)))
            layer.entered = time()
            layer.queued = time()
            layer.started = time()
            layer.issued = time()
            layer.done = time()
            if isDeep { (layer.throttled, layer.firstIssued) = (time(), time()) }
            return layer
        }
        return LayerPath(
            layers: layers, missed: .random(in: 0 ... .max, using: &random),
            deliverer: [nil, "kcryptd_crypt", "raid5"].randomElement(using: &random) ?? nil)
    }
}

extension FurtherLife {
    /// Anything that a record can contain, plausible or not.
    static func random(using random: inout SplitMix) -> FurtherLife {
        func time() -> UInt64 { Bool.random(using: &random) ? .random(in: 0 ... .max, using: &random) : 0 }
        func occupied() -> OccupantTimes {
            OccupantTimes(nanoseconds: SIMD8<UInt32>.random(in: 0 ... .max, using: &random))
        }
        func cpu() -> UInt16? { Bool.random(using: &random) ? .random(in: 0..<0xffff, using: &random) : nil }
        var further = FurtherLife()
        further.attempted = time()
        further.deliveryOccupants = occupied()
        further.waiterOccupants = occupied()
        further.hopOccupants = occupied()
        further.marks = LifeMarks(rawValue: .random(in: 0 ... .max, using: &random)).subtracting(.punted)
        further.requests = .random(in: 0 ... .max, using: &random)
        further.bios = .random(in: 0 ... .max, using: &random)
        further.requeues = .random(in: 0 ... .max, using: &random)
        further.raiseCPU = cpu()
        further.hopCPU = cpu()
        further.hopThread = .random(in: 1 ... .max, using: &random)
        further.stopped = .random(in: 0 ... .max, using: &random)
        further.stolen = .random(in: 0 ... .max, using: &random)
        return further
    }
}
