// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// The text that `perf script` makes of a perf.data, where perf is installed.
final class PerfScript: ByteStream {
    private let pipe: UnsafeMutablePointer<FILE>
    private var isOpen = true
    private(set) var cut: String?
    let program: String? = "perf.data through perf script"

    /// `nil` when there is no perf.
    init?(path: String) {
        guard Self.isInstalled, path.utf8.allSatisfy({ $0 != 0 }) else { return nil }
        let quoted = "'" + path.replacing("'", with: "'\\''") + "'"
        guard let pipe = popen("exec perf script --ns --header -i \(quoted) 2>/dev/null", "re") else { return nil }
        self.pipe = pipe
    }

    deinit { _ = close() }

    private static var isInstalled: Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").contains { access("\($0)/perf", X_OK) == 0 }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        guard isOpen else { return 0 }
        let count = fread(buffer.baseAddress, 1, buffer.count, pipe)
        if count == 0, close() != 0 { cut = "perf script could not read all of it" }
        return count
    }

    private func close() -> Int32 {
        guard isOpen else { return 0 }
        isOpen = false
        return pclose(pipe)
    }
}
