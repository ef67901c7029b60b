// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Probes

extension TraceRecipe.Tool: ExpressibleByArgument {}

/// `record --how`: records nothing, and prints how other tools would.
struct HowArguments: ParsableArguments {
    @Option(help: "Print how to record with trace-cmd, perf, ftrace or bpftrace where dioscope cannot run, and exit.")
    var how: TraceRecipe.Tool?

    @Option(help: "With --how: for another kernel, one of 5.10, 6.1, 6.12, 7.2, 7.3. Default: the running one.")
    var kernel: String?

    func validate() throws {
        if kernel != nil, how == nil { throw ValidationError("--kernel is for --how") }
    }

    /// - Returns: `false` when it was not asked for.
    func answer() throws(Failure) -> Bool {
        guard let how else { return false }
        try Terminal.write(TraceRecipe(try layout()).text(for: how))
        return true
    }

    private func layout() throws(Failure) -> KernelLayout {
        if let kernel {
            guard let known = KernelLayout.known[kernel] else {
                throw Failure(
                    .usage, "--kernel \(kernel): not known; one of 5.10, 6.1, 6.12, 7.2, 7.3",
                    hint: "run dioscope record --how on that machine itself: its BTF has what is needed")
            }
            return known
        }
        guard let btf = KernelBTF() else { throw Failure(ProbeError.noBTF) }
        guard let layout = KernelLayout(btf) else {
            throw Failure(.unavailable, "this kernel's BTF lacks types of direct I/O", hint: "name one: --kernel 6.1")
        }
        return layout
    }
}
