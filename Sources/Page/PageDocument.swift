// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import Rendering
import Report

/// A report as a page of its own: HTML with all that it needs in it, which nothing from the network can change.
public struct PageDocument {
    /// One recording.
    public struct Run {
        let name: String
        let report: Report
        let pictures: PagePictures
        let began: UInt64?

        /// - Parameters:
        ///   - name: the file, as the user called it.
        ///   - began: when the recording did, nanoseconds of CLOCK_MONOTONIC.
        public init(name: String, report: Report, pictures: PagePictures, began: UInt64?) {
            (self.name, self.report, self.pictures, self.began) = (name, report, pictures, began)
        }
    }

    /// UTF-8.
    public let bytes: [UInt8]

    /// The least columns that are worth looking at, and the bytes that a page may have.
    private static let fewestColumns = 32
    private static let mostBytes = 2_000_000

    public init(_ runs: [Run], _ comparison: (Comparison, Comparability)? = nil) {
        var columns = ColumnAxis.most
        var text = Self.page(runs, comparison, columns: columns)
        while text.utf8.count > Self.mostBytes, columns > Self.fewestColumns {
            columns /= 2
            text = Self.page(runs, comparison, columns: columns)
        }
        bytes = Array(text.utf8)
    }

    private static func page(_ runs: [Run], _ comparison: (Comparison, Comparability)?, columns: Int) -> String {
        var markup = Markup()
        let (script, style) = (text(PackageResources.page_js), text(PackageResources.page_css))
        markup.raw("<!DOCTYPE html>\n<html lang=\"en\">\n")
        markup.element("head") { markup in
            markup.void("meta", ["charset": "utf-8"])
            markup.void("meta", ["http-equiv": "Content-Security-Policy", "content": policy(script, style)])
            markup.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
            markup.void("meta", ["name": "color-scheme", "content": "light dark"])
            markup.void("link", ["rel": "icon", "href": "data:,"])
            markup.element("title", "dioscope: " + runs.map(\.name).joined(separator: ", "))
            markup.raw("<style>\(style)</style>")
        }
        markup.element("body") { markup in
            markup.element("header") { $0.element("h1", "dioscope") }
            markup.element("main", ["class": runs.count > 1 ? "several" : "one"]) { markup in
                if let comparison {
                    ComparisonMarkup(comparison: comparison.0, comparability: comparison.1).write(to: &markup)
                }
                for (place, run) in runs.enumerated() {
                    PageSection(
                        run, prefix: runs.count > 1 ? "run\(place)-" : "", width: runs.count > 1 ? 560 : 960,
                        columns: columns
                    ).write(to: &markup)
                }
            }
            markup.element("footer", ["class": "note"]) { markup in
                markup.words("Made by dioscope. This page asks nothing of any network.")
            }
            markup.raw("<script>\(script)</script>")
        }
        markup.raw("\n</html>\n")
        return markup.text
    }

    private static func text(_ resource: [UInt8]) -> String { String(decoding: resource, as: UTF8.self) }

    /// Only the program's own script and style take effect, and nothing is fetched.
    private static func policy(_ script: String, _ style: String) -> String {
        "default-src 'none'; script-src \(ContentHash.source(of: script));"
            + " style-src \(ContentHash.source(of: style)); img-src data:; base-uri 'none'; form-action 'none'"
    }
}
