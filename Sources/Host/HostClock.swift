// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// The clocks of the machine that dioscope runs on.
public enum HostClock {
    /// Nanoseconds of a clock.
    public static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    public static var monotonic: UInt64 { now(CLOCK_MONOTONIC) }
    public static var wall: Int64 { Int64(now(CLOCK_REALTIME)) }

    /// `dioscope-20260131-235959`, in local time.
    public static var nameFromTime: String {
        var now = time(nil)
        var local = tm()
        localtime_r(&now, &local)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "dioscope-%Y%m%d-%H%M%S", &local)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
