// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Capture
import SystemPackage

/// `dioscope pack`: the same capture, shorter.
struct PackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Write a copy of a capture with its records packed.",
        discussion: """
            'record' packs as much as costs nothing. This takes longer and makes it as small as can be: about two \
            thirds of the bytes. Every record is the same as before. 'record --no-pack' makes captures that older \
            versions read.

            EXAMPLES
              dioscope pack -o small.dioscope run1.dioscope
              dioscope pack --redact -o public.dioscope run1.dioscope

            EXIT STATUS
              0    success
              2    the capture is cut or damaged: what could be read is packed
              64   usage
              65   no capture
              66   the file cannot be opened
              73   the output cannot be created
              74   it cannot be written
            """)

    @Argument(help: "The capture.", completion: .file())
    var file: String

    @Option(name: .shortAndLong, help: "The new capture; never overwrites.")
    var output: String

    @Flag(
        help: """
            Leave out what identifies the machine and its users: host, command lines, filters, mount points; tasks, \
            processes and files become numbers.
            """)
    var redact = false

    private func capture() throws -> CaptureReader {
        do {
            return try CaptureReader(path: FilePath(file))
        } catch {
            guard case .notACapture = error else { throw error }
            throw Failure(
                .data, error.description,
                hint:
                    "pack is for captures of dioscope's own; a trace may be compressed by gzip or zstd, and is read so")
        }
    }

    func run() throws {
        let (reader, made) = try reading {
            let reader = try capture()
            let progress = ReadingProgress()
            defer { progress.readingEnded() }
            do {
                let made = try reader.pack(to: FilePath(output), redacts: redact) { progress.reading(file, part: $0) }
                return (reader, made)
            } catch CaptureError.diskFull(let path, _, let number) {
                // Half of a copy is of no use, and was removed.
                throw Failure(
                    .inputOutput, "no space left for \(path): \(number); nothing is kept of it",
                    hint: "\(file) is as it was")
            }
        }
        Terminal.say("wrote \(output) (\(made.size) bytes, from \(reader.size))")
        guard let first = made.damage.first else { return }
        Terminal.say("\(file): \(first)")
        throw Failure(.incomplete, "\(file) is incomplete: what could be read is packed")
    }
}
