// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// fsync and fdatasync beside the I/Os, by file.
struct SyncText {
    let report: Report
    let style: TextStyle

    private static let filesShown = 3

    /// Of the whole recording alone: a sync is no I/O that could be selected.
    var lines: [String] {
        guard report.selection == nil, let syncs = report.source.other?.syncs else { return [] }
        return ["fsync", "fdatasync"].flatMap { call in lines(call, syncs.filter { $0.call == call }) }
    }

    private func lines(_ call: String, _ syncs: [FileSyncs]) -> [String] {
        guard !syncs.isEmpty else { return [] }
        var items = syncs.prefix(Self.filesShown).map { file in
            "\(Quantity.count(file.count)) of \(style.escaped(name(of: file))), \(Quantity.duration(file.mean)) each,"
                + " \(Quantity.duration(file.nanoseconds)) in all"
        }
        let rest = syncs.dropFirst(Self.filesShown)
        if !rest.isEmpty {
            let count = rest.reduce(0) { $0 &+ $1.count }
            let time = rest.reduce(0) { $0 &+ $1.nanoseconds }
            items.append(
                "\(Quantity.count(count)) of \(rest.count) more files, \(Quantity.duration(time)) in all")
        }
        return TextLine.labelled(call, items, width: style.width)
    }

    private func name(of syncs: FileSyncs) -> String {
        report.source.files.first { $0.device == syncs.device && $0.inode == syncs.inode }?.path
            ?? "\(LayerText.name(of: syncs.device, report.source)) inode \(syncs.inode)"
    }
}
