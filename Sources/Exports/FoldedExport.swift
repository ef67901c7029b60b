// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering

/// Folded stacks for flame graph tools: `context;stage;cause nanoseconds`, the cause being who occupied the CPU of a wait for
/// one, by name where that is known. Every nanosecond of every finished I/O is in one stack.
public final class FoldedExport: IOExport {
    public var output: [UInt8] = []
    private var sums: [Stack: UInt128] = [:]

    private struct Stack: Hashable {
        var context: CompletionContext
        var stage: Stage
        var cause: WaitCause?
        var name: String?
    }

    public init() {}

    public func add(_ io: ListedIO) {
        guard io.life.isFinished else { return }
        let context = io.life.context
        io.life.spans.forEach { span in
            let shares = io.shares(of: span.stage)
            // What is left when they do not sum to the stage: all of it, when they are not known.
            var rest = span.nanoseconds
            for share in shares where share.nanoseconds <= rest {
                rest -= share.nanoseconds
                sums[Stack(context: context, stage: span.stage, cause: share.cause, name: share.name), default: 0] +=
                    UInt128(share.nanoseconds)
            }
            guard rest > 0 else { return }
            let cause: WaitCause? = Stage.waits.contains(span.stage) ? .unattributed : nil
            sums[Stack(context: context, stage: span.stage, cause: cause, name: nil), default: 0] += UInt128(rest)
        }
    }

    public func finish() {
        let lines = sums.map { stack, sum -> String in
            var frames = [stack.context.rawValue, stack.stage.name]
            if let cause = stack.cause { frames.append(cause.rawValue) }
            if let name = stack.name { frames.append(Self.frame(name)) }
            return frames.joined(separator: ";") + " \(sum)\n"
        }
        output.append(contentsOf: lines.sorted().joined().utf8)
    }

    /// A name that cannot be taken for two frames.
    private static func frame(_ name: String) -> String {
        String(EscapedText(name).description.map { $0 == ";" ? ":" : $0 })
    }
}
