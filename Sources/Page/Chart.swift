// SPDX-License-Identifier: GPL-2.0-only

import Rendering

/// A picture with a plot in a frame of axes. The plot has units of its own, so that what is in it needs no decimals.
struct Chart {
    /// Of the page: distinguishes the pictures of two recordings.
    let id: String
    let title: String
    /// What there is to see, for those who do not.
    let description: String
    let size: (width: Int, height: Int)
    var margin = (left: 58, right: 14, top: 10, bottom: 32)
    let horizontal: [Tick]
    let vertical: [Tick]
    let horizontalTitle: String
    /// Columns and rows of the plot.
    let units: (width: Int, height: Int)

    var plot: (width: Int, height: Int) {
        (size.width - margin.left - margin.right, size.height - margin.top - margin.bottom)
    }

    /// - Parameters:
    ///   - beside: in units of the whole picture.
    ///   - body: in units of the plot.
    func write(
        to markup: inout Markup, beside: (inout Markup) -> Void = { _ in }, _ body: (inout Markup) -> Void
    ) {
        markup.element(
            "svg",
            [
                "class": "chart", "id": id, "viewBox": "0 0 \(size.width) \(size.height)", "role": "img",
                "aria-labelledby": "\(id)-title \(id)-desc",
            ]
        ) { markup in
            markup.element("title", ["id": "\(id)-title"], title)
            markup.element("desc", ["id": "\(id)-desc"], description)
            writeAxes(to: &markup)
            markup.element(
                "svg",
                [
                    "class": "plot", "x": "\(margin.left)", "y": "\(margin.top)", "width": "\(plot.width)",
                    "height": "\(plot.height)", "viewBox": "0 0 \(units.width) \(max(1, units.height))",
                    "preserveAspectRatio": "none",
                ], body)
            beside(&markup)
        }
        markup.breakLine()
    }

    private func writeAxes(to markup: inout Markup) {
        let (left, bottom) = (margin.left, size.height - margin.bottom)
        markup.element("g", ["class": "axis y", "aria-hidden": "true"]) { markup in
            for tick in vertical {
                let y = margin.top + Int(((1 - tick.place) * Double(plot.height)).rounded())
                markup.void("path", ["d": "M\(left) \(y)h\(plot.width)"])
                markup.element("text", ["x": "\(left - 6)", "y": "\(y + 4)", "text-anchor": "end"], tick.label)
            }
        }
        markup.element("g", ["class": "axis x", "aria-hidden": "true"]) { markup in
            for tick in horizontal {
                let x = left + Int((tick.place * Double(plot.width)).rounded())
                markup.void("path", ["d": "M\(x) \(bottom)v4"])
                markup.element("text", ["x": "\(x)", "y": "\(bottom + 15)", "text-anchor": "middle"], tick.label)
            }
            markup.element(
                "text",
                ["x": "\(left + plot.width)", "y": "\(size.height - 3)", "text-anchor": "end", "class": "unit"],
                horizontalTitle)
        }
    }
}
