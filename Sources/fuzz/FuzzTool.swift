// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Glibc
import Joiner
import KernelTraces

/// libFuzzer over whatever reads files. Built by Scripts/fuzz only, with `-sanitize=fuzzer`.
@main
enum FuzzTool {
    static func main() {
        guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
            print("fuzz: name one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
            exit(64)
        }
        // What follows the target's name is libFuzzer's.
        var arguments =
            (CommandLine.arguments.prefix(1) + CommandLine.arguments.dropFirst(2)).map { strdup($0) } + [nil]
        exit(
            arguments.withUnsafeMutableBufferPointer { buffer in
                var count = Int32(buffer.count - 1)
                var base = buffer.baseAddress
                return runFuzzer(&count, &base, target.entry)
            })
    }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ each: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// One reader each; `joiner` takes made-up events.
enum FuzzTarget: String, CaseIterable {
    case traceDat = "trace-dat"
    case ftrace, perf, blkparse, input, capture, joiner

    var entry: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32 {
        switch self {
        case .traceDat: { FuzzInput($0, $1).traceDat() }
        case .ftrace: { FuzzInput($0, $1).text(.ftrace) }
        case .perf: { FuzzInput($0, $1).text(.perf) }
        case .blkparse: { FuzzInput($0, $1).text(.blkparse) }
        case .input: { FuzzInput($0, $1).input() }
        case .capture: { FuzzInput($0, $1).capture() }
        case .joiner: { FuzzInput($0, $1).events() }
        }
    }
}
