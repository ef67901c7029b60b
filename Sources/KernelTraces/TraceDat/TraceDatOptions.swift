// SPDX-License-Identifier: GPL-2.0-only

/// The options of a trace.dat, by the numbers that trace-cmd gave them.
struct TraceDatOptions {
    private var clock: String?
    private var uname: String?
    private var version: String?
    private var cpus: UInt32?
    /// Turns cycles into nanoseconds.
    private(set) var cycles: (multiplier: UInt32, shift: UInt32, offset: UInt64)?
    /// Added to every time, in nanoseconds.
    private(set) var timeOffset: Int64 = 0
    /// Of a guest whose times are to be its host's.
    private(set) var shift: ClockShift?
    /// Times are nanoseconds as they are.
    var isPlain: Bool { cycles == nil && timeOffset == 0 && shift == nil }
    private var lost: UInt64 = 0
    /// Statistics are there once a recording has ended; each CPU's last ones count.
    private var statistics = 0

    mutating func take(_ number: UInt16, _ data: ArraySlice<UInt8>, _ order: ByteOrder) {
        var cursor = ByteCursor(Array(data), order)
        let text = String(decoding: data.prefix { $0 != 0 }, as: UTF8.self)
        switch number {
        case 2: takeStatistics(text)
        case 4: clock = text
        case 5: uname = text
        case 7: timeOffset = Self.number(text)
        case 8: cpus = cursor.integer(UInt32.self)
        case 9: version = text
        case 12: shift = ClockShift(&cursor)
        case 14:
            guard let multiplier = cursor.integer(UInt32.self), let shift = cursor.integer(UInt32.self),
                let offset = cursor.integer(UInt64.self), shift < 64
            else { return }
            cycles = (multiplier, shift, offset)
        default: break
        }
    }

    /// Decimal or, behind `0x`, hexadecimal.
    private static func number(_ text: String) -> Int64 {
        let digits = text.drop { $0 == " " }
        if digits.hasPrefix("0x") { return Int64(bitPattern: UInt64(digits.dropFirst(2), radix: 16) ?? 0) }
        return Int64(digits) ?? 0
    }

    /// `overrun: N` and the like: events that the ring buffer had no room for.
    private mutating func takeStatistics(_ text: String) {
        statistics += 1
        for line in text.split(separator: "\n") {
            for key in ["overrun: ", "dropped events: "] where line.hasPrefix(key) {
                lost &+= UInt64(line.dropFirst(key.count)) ?? 0
            }
        }
    }

    func describe(_ description: inout TraceDescription) {
        // "local global [mono] boot": the one in brackets is in use.
        description.clock = clock.map { text in
            let chosen = text.split(separator: "[").dropFirst().first?.split(separator: "]").first
            return String(chosen ?? Substring(text).prefix { $0 != "\n" })
        }
        if let words = uname?.split(separator: " "), words.count >= 4 {
            description.host = words[1] == "(none)" ? nil : String(words[1])
            description.kernel = String(words[2])
            description.machine = String(words[3])
        }
        description.recorder = version.map { "trace-cmd \($0)" }
        description.cpuCount = cpus.flatMap { (1...65536).contains($0) ? Int($0) : nil }
        description.recordedLoss = lost
    }
}
