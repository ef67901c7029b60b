// SPDX-License-Identifier: GPL-2.0-only

/// What trace-cmd measured between the clocks of a guest and its host: makes times of the guest into the host's.
struct ClockShift {
    /// At one moment.
    private struct Sample {
        /// By the guest's clock.
        var time: UInt64
        /// To be added.
        var offset: Int64
        /// How much faster the host's clock is, in units of two to the power of minus `fraction`.
        var scaling: UInt64 = 1
        var fraction: UInt64 = 0
    }

    /// By CPU of the guest.
    private var cpus: [[Sample]] = []
    private let interpolates: Bool

    private static let most: UInt32 = 1 << 16

    /// From the option TIME_SHIFT; `nil` when it is damaged or has no samples.
    init?(_ cursor: inout ByteCursor) {
        // The session of the host comes first.
        guard cursor.integer(UInt64.self) != nil, let flags = cursor.integer(UInt32.self),
            let count = cursor.integer(UInt32.self), (1...Self.most).contains(count)
        else { return nil }
        interpolates = flags & 1 != 0
        for _ in 0..<count {
            guard let samples = Self.samples(&cursor) else { return nil }
            cpus.append(samples)
        }
        takeFractions(&cursor)
        for cpu in cpus.indices { cpus[cpu].sort { $0.time < $1.time } }
        if cpus.allSatisfy(\.isEmpty) { return nil }
    }

    private static func samples(_ cursor: inout ByteCursor) -> [Sample]? {
        guard let count = cursor.integer(UInt32.self), count <= most else { return nil }
        func numbers() -> [UInt64]? {
            var numbers: [UInt64] = []
            for _ in 0..<count {
                guard let number = cursor.integer(UInt64.self) else { return nil }
                numbers.append(number)
            }
            return numbers
        }
        guard let times = numbers(), let offsets = numbers(), let scalings = numbers() else { return nil }
        return times.indices.map {
            Sample(time: times[$0], offset: Int64(bitPattern: offsets[$0]), scaling: scalings[$0])
        }
    }

    /// Files of older versions have none.
    private mutating func takeFractions(_ cursor: inout ByteCursor) {
        for cpu in cpus.indices {
            for sample in cpus[cpu].indices {
                guard let fraction = cursor.integer(UInt64.self), fraction < 64 else { return }
                cpus[cpu][sample].fraction = fraction
            }
        }
    }

    /// - Parameter time: by the guest's clock, in its units.
    func hostTime(_ time: UInt64, cpu: UInt16) -> UInt64 {
        guard Int(cpu) < cpus.count, let first = cpus[Int(cpu)].first else { return time }
        let samples = cpus[Int(cpu)]
        guard samples.count > 1 else { return Self.scaled(time, first) &+ UInt64(bitPattern: first.offset) }
        var low = 0
        var high = samples.count - 2
        while low < high {
            let middle = (low + high + 1) / 2
            if samples[middle].time <= time { low = middle } else { high = middle - 1 }
        }
        let (from, to) = (samples[low], samples[low + 1])
        return Self.scaled(time, from) &+ UInt64(bitPattern: difference(at: time, from, to))
    }

    private static func scaled(_ time: UInt64, _ sample: Sample) -> UInt64 {
        UInt64(truncatingIfNeeded: (UInt128(time) &* UInt128(sample.scaling)) >> UInt128(sample.fraction))
    }

    private func difference(at time: UInt64, _ from: Sample, _ to: Sample) -> Int64 {
        let span = Int128(to.time) - Int128(from.time)
        guard interpolates, span > 0 else { return from.offset }
        let part = (Int128(time) - Int128(from.time)) * (Int128(to.offset) - Int128(from.offset))
        return Int64(truncatingIfNeeded: Int128(from.offset) + (part + span / 2) / span)
    }
}
