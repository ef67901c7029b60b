// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Recording
import Report
import Selection

/// Which I/Os a live view shows, as it was typed: an expression as of `report --where`.
struct LiveFilter {
    let filter: LiveWish.Filter

    struct Refusal: Error {
        let text: String
    }

    /// What is known of I/Os that the kernel sums up.
    private static let ofSums: Set<IOField> = [.operation, .device, .context, .issuer]

    private static func start(of source: ReportSource) -> RecordedNames.Start? {
        guard let monotonic = source.startedMonotonic, let wall = source.started else { return nil }
        return RecordedNames.Start(monotonic: monotonic, wall: wall)
    }

    /// - Parameter seesRecords: each I/O is known by itself.
    init(_ text: String, seesRecords: Bool) throws(Refusal) {
        let selection: IOSelection
        do throws(SelectionError) {
            selection = try IOSelection(parsing: text)
        } catch {
            throw Refusal(text: "\(error.problem)")
        }
        if !seesRecords, let field = selection.fields.first(where: { !Self.ofSums.contains($0) }) {
            throw Refusal(text: "'\(field.name)' is not known of summed-up I/Os: only with --keep")
        }
        filter = LiveWish.Filter { rule, source in
            let names = RecordedNames(
                threads: source.threads, devices: source.devices, files: source.files,
                start: Self.start(of: source))
            return { io in selection.contains(Subject(io, AttributedLife(io, rule: rule), names)) }
        }
    }
}
