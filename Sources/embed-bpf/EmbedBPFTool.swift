// SPDX-License-Identifier: GPL-2.0-only

import Foundation

/// `embed-bpf CLANG SOURCE OUTPUT.swift INCLUDE...`: compiles the BPF source once per kernel flavour and
/// writes one Swift file with the objects as hexadecimal `StaticString`s.
///
/// A `StaticString` costs the compiler a tenth of a second where an array literal costs ten.
@main
struct EmbedBPFTool {
    /// One compilation of the same source; see `bpf/kernel_flavours.bpf.h`.
    struct Flavour {
        let name: String
        let flags: [String]
    }

    static let flavours = [
        Flavour(name: "modern", flags: ["-DPROBE_MODERN", "-mcpu=v3"]),
        Flavour(name: "plain", flags: ["-DPROBE_MODERN", "-DPROBE_PLAIN", "-mcpu=v3"]),
        Flavour(name: "inferring", flags: ["-DPROBE_MODERN", "-DPROBE_INFER_CONTEXT", "-mcpu=v3"]),
        // v3 would make clang use atomics that 5.10's verifier refuses.
        Flavour(name: "baseline", flags: ["-mcpu=v2"]),
    ]

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 4 else { fail("usage: embed-bpf CLANG SOURCE OUTPUT.swift INCLUDE...") }
        let (clang, source, output) = (arguments[1], arguments[2], arguments[3])
        let includes = arguments[4...].map { "-I\($0)" }
        var swift = "// Made from \(URL(filePath: source).lastPathComponent) by embed-bpf.\n\nenum BPFObjects {\n"
        for flavour in flavours {
            let object = output + ".\(flavour.name).o"
            try compile(clang: clang, source: source, object: object, flags: flavour.flags + includes)
            try strip(object, byToolBeside: clang)
            let hex = try hexadecimal(Data(contentsOf: URL(filePath: object)))
            swift += "    static let \(flavour.name): StaticString = \"\(hex)\"\n"
            try FileManager.default.removeItem(atPath: object)
        }
        try (swift + "}\n").write(toFile: output, atomically: true, encoding: .utf8)
    }

    static func compile(clang: String, source: String, object: String, flags: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: clang)
        process.arguments =
            ["-target", "bpf", "-O2", "-g", "-Wall", "-Werror", "-D__TARGET_ARCH_\(architecture.bpf)"] + flags
            // Debian keeps <asm/types.h> in the machine's own directory, which the bpf target does not know.
            + ["-idirafter", "/usr/include/\(architecture.debian)", "-c", source, "-o", object]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            fail("embed-bpf: clang failed on \(source): libbpf-dev and linux-libc-dev are needed")
        }
    }

    /// DWARF is a third of an object, and nobody reads it: types and lines of source are in BTF, which stays. A toolchain
    /// without the tool makes larger objects that are as good.
    static func strip(_ object: String, byToolBeside clang: String) throws {
        let tool = URL(filePath: clang).deletingLastPathComponent().appending(path: "llvm-objcopy")
        guard FileManager.default.isExecutableFile(atPath: tool.path) else { return }
        let process = Process()
        process.executableURL = tool
        process.arguments = ["--strip-debug", object]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { fail("embed-bpf: llvm-objcopy failed on \(object)") }
    }

    static var architecture: (bpf: String, debian: String) {
        #if arch(arm64)
            ("arm64", "aarch64-linux-gnu")
        #else
            ("x86", "x86_64-linux-gnu")
        #endif
    }

    static func hexadecimal(_ data: Data) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let bytes = data.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(1)
    }
}
