// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Host
import Recording

/// The `duckdb` in PATH, running statements that read CSV from its standard input. It writes Parquet:
/// `Documentation/Decisions/Parquet.md` says why it and no library.
final class DuckDB {
    private let child: TracedCommand
    private let input: Int32
    private let messages: UnsafeMutablePointer<FILE>

    private static let hint =
        "dioscope has DuckDB write Parquet: pip install duckdb-cli, or https://duckdb.org/docs/installation"

    init(_ sql: String) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0, let messages = tmpfile() else {
            throw Failure(.inputOutput, "no pipe to duckdb: \(errorText())")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (input, self.messages) = (ends[1], messages)
        defer { close(ends[0]) }
        do {
            child = try TracedCommand(
                ["duckdb", "-batch", "-bail", "-init", "/dev/null", "-c", sql], input: ends[0],
                outputs: (fileno(messages), fileno(messages)))
        } catch {
            close(ends[1])
            fclose(messages)
            guard error.number == ENOENT else { throw Failure(error) }
            throw Failure(.unavailable, "no duckdb in PATH", hint: Self.hint)
        }
    }

    /// Takes the bytes away.
    func write(_ bytes: inout [UInt8]) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                // It ended before it had read all, and says why.
                close(input)
                try wait()
                throw Failure(.inputOutput, "cannot write to duckdb: \(errorText())")
            }
        }
        bytes.removeAll(keepingCapacity: true)
    }

    /// No more comes: waits until the tables are written.
    func finish() throws(Failure) {
        close(input)
        try wait()
    }

    private func wait() throws(Failure) {
        var status = child.endedStatus()
        while status == nil {
            usleep(2_000)
            status = child.endedStatus()
        }
        defer { fclose(messages) }
        guard status != 0 else { return }
        throw Failure(.inputOutput, "duckdb failed: \(firstMessage ?? "exit status \(status ?? 0)")")
    }

    private var firstMessage: String? {
        rewind(messages)
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, Int32(line.count), messages) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if let word = text.split(whereSeparator: \.isNewline).first { return String(word) }
        }
        return nil
    }
}
