// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// The box that dioscope runs on, and its clocks.
enum Box {
    /// `uname`: host, kernel release, machine.
    static func names() -> (host: String, kernel: String, machine: String) {
        var names = utsname()
        uname(&names)
        return (text(&names.nodename), text(&names.release), text(&names.machine))
    }

    /// Nanoseconds of a clock.
    static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static var monotonic: UInt64 { now(CLOCK_MONOTONIC) }
    static var wall: Int64 { Int64(now(CLOCK_REALTIME)) }

    static var cpuCount: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    private static func text<T>(_ field: inout T) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
