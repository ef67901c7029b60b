// SPDX-License-Identifier: GPL-2.0-only

import Exports
import FoundationEssentials
import Glibc
import Host
import Input

/// `export --format parquet`: one capture into the tables of a fleet.
struct FleetTables {
    let file: String
    let box: String?
    let directory: String

    init(of file: String, box: String?, directory: String) {
        (self.file, self.box, self.directory) = (file, box, directory)
    }

    /// - Parameter first: what is known before the I/Os are read.
    func write(_ ios: ChosenIOs, _ first: SourceSummary) throws {
        let capture = try described(first)
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        guard access(directory, W_OK) == 0 else {
            throw Failure(.cannotCreate, "cannot write in \(directory): \(errorText())")
        }
        let sums = FleetSummary(rule: ios.rule, source: first.source)
        let duckdb = try DuckDB(capture.sql(.ios, into: directory))
        let rows = CSVExport(threads: ios.names.threads, source: first.source)
        let summary = try reading {
            try ios.readWithCauses { _, _, listed in
                let listed = listed()
                sums.add(listed)
                rows.add(listed)
                if rows.output.count >= 1 << 16 { try duckdb.write(&rows.output) }
            }
        }
        try duckdb.write(&rows.output)
        try duckdb.finish()
        for aggregated in summary.summaries { sums.add(aggregated) }
        sums.finish()
        let second = try DuckDB(capture.sql(.summaries, into: directory))
        try second.write(&sums.output)
        try second.finish()
        try summary.complain()
    }

    private func described(_ first: SourceSummary) throws(Failure) -> FleetCapture {
        if let capture = FleetCapture(box: box, source: first.source, loss: first.loss, ios: first.ios) {
            return capture
        }
        guard first.source.started != nil else {
            throw Failure(
                .data, "\(file) does not say when it was recorded, and the tables have a folder for each day")
        }
        throw Failure(.data, "\(file) does not say on which machine it was recorded", hint: "say it: --box NAME")
    }
}
