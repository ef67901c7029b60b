// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// One line an I/O, in the order of the capture, under a line of column names (RFC 4180). What was not seen is empty.
///
/// Nanoseconds as integers; stages of the I/O in columns of their own, which sum to `latency_ns` with `composed_ns`.
public final class CSVExport: IOExport {
    public var output: [UInt8] = []
    private let threads: [UInt32: ThreadName]

    private static let composed = ["composed_ns", "composed"]

    /// All columns, in order: those of `IOField`, composed stages, what waits were spent on.
    public static let columns =
        IOField.all.map(\.key) + composed + WaitCause.allCases.map { "queue_wait_\($0.rawValue)_ns" }
        + WaitCause.allCases.map { "task_work_wait_\($0.rawValue)_ns" } + names

    /// Who had the CPU meanwhile, by name; the path of the file.
    private static let names = ["queue_wait_names", "task_work_wait_names", "file"]

    /// All columns with their types in SQL.
    static let columnTypes: [(name: String, type: String)] = {
        let texts = Set(IOField.all.filter(\.isText).map(\.key) + ["composed"] + names)
        return columns.map { ($0, texts.contains($0) ? "VARCHAR" : $0 == "error" ? "BIGINT" : "UBIGINT") }
    }()

    /// The types of all columns as the definition of a table, for a database that would guess them from empty ones.
    public static let schema: String = {
        let lines = columnTypes.map { "  \"\($0.name)\" \($0.type)" }
        return "CREATE TABLE ios (\n" + lines.joined(separator: ",\n") + "\n);\n"
    }()

    private let list: IOList

    /// - Parameters:
    ///   - threads: names of submitters, by thread number.
    ///   - source: what is known of the recording.
    public init(threads: [UInt32: ThreadName], source: ReportSource? = nil) {
        self.threads = threads
        list = IOList(threads: threads, source: source)
        output = Array((Self.columns.joined(separator: ",") + "\r\n").utf8)
    }

    public func add(_ listed: ListedIO) {
        let (io, life) = (listed.io, listed.life)
        for field in IOField.all {
            switch field {
            case .device: add(field.number(of: io, life).map { _ in io.device.description })
            case .comm:
                add(field.text(of: io, life, threads).map { Self.quoted(EscapedText($0).description) })
            default: add(field.number(of: io, life).map(Self.digits) ?? field.text(of: io, life, threads))
            }
        }
        addComposed(life.spans)
        addCauses(of: listed.wait(.queueWait))
        addCauses(of: listed.wait(.taskWorkWait))
        addNames(listed.queueWait)
        addNames(listed.taskWorkWait)
        add(list.path(of: io).map { Self.quoted(EscapedText($0).description) })
        output[output.count - 1] = UInt8(ascii: "\r")
        output.append(UInt8(ascii: "\n"))
    }

    public func finish() {}

    /// 64 bits are enough for all but a corrupt capture, and twice as fast.
    private static func digits(_ number: Int128) -> String { Int64(exactly: number)?.description ?? number.description }

    /// Stages that are composed of several: their sum, and each, e.g. `device..hand_off=1234`.
    private func addComposed(_ spans: StageSpans) {
        let composed = spans.indices.map { spans[$0] }.filter(\.stage.isComposed)
        add(composed.isEmpty ? nil : composed.reduce(0) { $0 + $1.nanoseconds })
        add(
            composed.isEmpty
                ? nil : composed.map { "\($0.stage.name)=\($0.nanoseconds)" }.joined(separator: " "))
    }

    private func addCauses(of wait: CPUWait?) {
        let causes = wait?.causes ?? []
        for cause in WaitCause.allCases { add(causes.first { $0.cause == cause }?.nanoseconds) }
    }

    /// `fio=12000 kworker/1:2=400`, in the order of JSON.
    private func addNames(_ shares: [WaitShare]) {
        let named = shares.compactMap { share in
            share.name.map { "\(EscapedText($0).description)=\(share.nanoseconds)" }
        }
        add(named.isEmpty ? nil : Self.quoted(named.joined(separator: " ")))
    }

    private func add(_ number: (some BinaryInteger)?) { add(number?.description) }

    /// A field and the comma behind it.
    private func add(_ text: String?) {
        if let text { output.append(contentsOf: text.utf8) }
        output.append(UInt8(ascii: ","))
    }

    static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "\"" || $0 == "," }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

extension IOField {
    fileprivate var isText: Bool {
        switch kind {
        case .text, .choice, .device: true
        case .time, .duration, .bytes, .number: false
        }
    }
}
