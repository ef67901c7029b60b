// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// What a program makes of a file, where that program is installed: `perf script`, or what unpacks it.
final class ProgramOutput: ByteStream {
    private let pipe: UnsafeMutablePointer<FILE>
    private var isOpen = true
    /// Open as long as the program may read it.
    private let file: OpenFile
    private let name: String
    private(set) var cut: String?
    let program: String?

    /// - Parameters:
    ///   - command: its words; the file's path is the last one.
    ///   - program: what the report calls it, if its text is not the file's own.
    /// - Returns: `nil` when it is not installed.
    init?(_ command: [String], of file: OpenFile, program: String? = nil) {
        guard let name = command.first, Self.isInstalled(name) else { return nil }
        let path = file.path ?? "/proc/\(getpid())/fd/\(file.descriptor)"
        guard path.utf8.allSatisfy({ $0 != 0 }) else { return nil }
        // What begins with a dash would be an option.
        let quoted = "'" + (path.hasPrefix("-") ? "./" : "") + path.replacing("'", with: "'\\''") + "'"
        guard let pipe = popen("exec \(command.joined(separator: " ")) \(quoted) 2>/dev/null", "re") else { return nil }
        (self.pipe, self.file, self.name, self.program) = (pipe, file, name, program)
    }

    deinit { _ = close() }

    private static func isInstalled(_ name: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        guard isOpen else { return 0 }
        let count = fread(buffer.baseAddress, 1, buffer.count, pipe)
        if count == 0, close() != 0 { cut = "\(name) could not read all of it" }
        return count
    }

    private func close() -> Int32 {
        guard isOpen else { return 0 }
        isOpen = false
        return pclose(pipe)
    }
}
