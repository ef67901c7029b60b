// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import PackagePlugin

/// Compiles `bpf/*.bpf.c` with the toolchain's clang and embeds the objects in the `Probes` module.
@main
struct EmbedBPF: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let package = context.package.directoryURL
        let bpf = package.appending(path: "bpf")
        let records = package.appending(path: "Sources/CProbeRecords/include")
        let source = bpf.appending(path: "dioscope.bpf.c")
        let output = context.pluginWorkDirectoryURL.appending(path: "BPFObjects.swift")
        return [
            .buildCommand(
                displayName: "Compiling BPF programs",
                executable: try context.tool(named: "embed-bpf").url,
                arguments: [
                    try context.tool(named: "clang").url.path, source.path, output.path, bpf.path, records.path,
                ],
                inputFiles: try headersAndSources(in: [bpf, records]),
                outputFiles: [output]
            )
        ]
    }

    /// Every file whose change asks for a new object: a header must trigger the rebuild too.
    private func headersAndSources(in directories: [URL]) throws -> [URL] {
        try directories.flatMap { directory in
            try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
                .filter { ["c", "h"].contains($0.pathExtension) }
        }
    }
}
