// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// What texts say of the machine before their events, and other lines that are no events.
enum TextPreamble {
    /// - Parameter program: that was run to make text of the file, if one was.
    static func description(
        of format: TextFormat, _ prefix: [UInt8], by program: String?, _ marks: LineMarks, _ times: TextTimes
    ) -> TraceDescription {
        let isReport = prefix.starts(with: Array("cpus=".utf8)) || prefix.starts(with: Array("version = ".utf8))
        var description = TraceDescription(
            kind: kind(of: format, program, isReport: isReport))
        let lines = String(decoding: prefix.prefix(1 << 14), as: UTF8.self).split(separator: "\n").prefix(256)
        for line in lines { take(line, &description) }
        description.machines = hasBuffers(prefix) ? [] : machines(of: format, prefix, marks)
        description.times = times.kind
        description.completionRule = .of(
            hasFunction: nil, namesCallerCompletion: lines.contains { $0.contains("CALLER_COMP") },
            release: description.kernel)
        return description
    }

    private static func kind(of format: TextFormat, _ program: String?, isReport: Bool) -> String {
        switch format {
        case .perf: program ?? "perf script"
        case .blkparse: "blkparse"
        case .ftrace: isReport ? "trace-cmd report" : "ftrace"
        }
    }

    /// `cpus=4` without a name before it, but indented: trace-cmd names the buffers of the one file that it reports. Of
    /// several files each has its name there.
    static func hasBuffers(_ prefix: [UInt8]) -> Bool {
        prefix.first == UInt8(ascii: " ")
            && prefix.drop { $0 == UInt8(ascii: " ") }.starts(with: Array("cpus=".utf8))
    }

    /// Names of the files that the lines say they are of, if they are of several.
    private static func machines(of format: TextFormat, _ text: [UInt8], _ marks: LineMarks) -> [String] {
        var prefix = LinePrefix(marks: marks)
        text.withUnsafeBytes { bytes in
            for slice in bytes.split(separator: UInt8(ascii: "\n")) {
                let line = UnsafeRawBufferPointer(rebasing: slice)
                guard let start = line.bindMemory(to: UInt8.self).baseAddress else { continue }
                var scanner = Scanner(start, start + line.count)
                let found = prefix.strip(&scanner, format)
                guard found.file != nil else { continue }
                if isHeading(scanner) || format.head(&scanner) != nil { _ = prefix.machine(of: found.file) }
            }
        }
        return prefix.files.count > 1 ? prefix.files.map { String(decoding: $0, as: UTF8.self) } : []
    }

    private static func take(_ line: Substring, _ description: inout TraceDescription) {
        // The forms of perf script --header, a kernel's latency format, trace-cmd report.
        let colon = line.split(separator: " : ", maxSplits: 1)
        if line.hasPrefix("#"), colon.count == 2 {
            let value = String(colon[1])
            switch colon[0] {
            case "# os release": description.kernel = value
            case "# hostname": description.host = value
            case "# arch": description.machine = value
            case "# perf version": description.recorder = "perf \(value)"
            case "# nrcpus online": description.cpuCount = count(value)
            default: break
            }
        } else if line.hasPrefix("#"), let on = line.firstRange(of: " latency trace v1.1.5 on ") {
            description.kernel = String(line[on.upperBound...])
        } else if let cpus = line.firstRange(of: "cpus="), line[..<cpus.lowerBound].allSatisfy({ $0 == " " }) {
            description.cpuCount = count(String(line[cpus.upperBound...]))
        } else if let boot = line.firstRange(of: "Linux version ") {
            // A boot log that ends in a dump.
            description.kernel = line[boot.upperBound...].split(separator: " ").first.map(String.init)
        } else if line.hasPrefix("#"), let mark = line.firstRange(of: "#P:") {
            description.cpuCount = count(String(line[mark.upperBound...].prefix { $0.isNumber }))
        }
    }

    private static func count(_ text: String) -> Int? { Int(text).flatMap { (1...65536).contains($0) ? $0 : nil } }

    /// `cpus=4`, with which trace-cmd begins the report of each file.
    static func isHeading(_ line: Scanner) -> Bool {
        var line = line
        return line.skip("cpus=")
    }

    /// Lines that every one of the programs may write between events.
    static func isRemark(_ line: Scanner) -> Bool {
        var line = line
        if line.skip("cpus=") || line.skip("version = ") || line.skip("##### ") || line.skip("trace-cmd") {
            return true
        }
        return line.skip("CPU ") && line.skip(through: "is empty")
    }
}
