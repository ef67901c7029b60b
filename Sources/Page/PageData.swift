// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Rendering
import Report

/// What the page's script filters by: the numbers behind the pictures, as JSON.
struct PageData {
    let report: Report
    let map: LatencyMap
    let pictures: PagePictures
    let frame: PageFrame

    /// Nothing in it can end the element that it is in.
    var json: String {
        var json = JSONWriter(isPretty: false)
        json.object { json in
            json.member("interval", map.interval)
            json.member("offset", frame.offset(of: map))
            json.member("columns", map.columns)
            json.array("bounds", map.buckets.lowerBound...map.buckets.upperBound) {
                $0.value(LatencyGrid.lowest(of: $1))
            }
            json.strings("contexts", map.contexts.map(\.rawValue))
            json.strings("stages", map.stages.map(\.label))
            json.array("series", map.series) { write($1, to: &$0) }
            json.array("places", map.places) { write($1, to: &$0) }
            json.array("lanes", pictures.slowest) { json, lane in
                json.object { json in
                    json.member("latency", lane.life.latency)
                    let done = lane.io.began.nanoseconds &+ lane.life.latency
                    json.member("column", (done &- map.begin) / map.interval)
                    json.member("context", lane.life.context.rawValue)
                }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self).replacing("<", with: "\\u003c")
    }

    private func write(_ series: LatencyMap.Series, to json: inout JSONWriter) {
        json.object { json in
            json.member("context", series.context)
            json.member("stage", series.stage ?? -1)
            json.array("sums", series.sums) { $0.value($1) }
            json.member("counts", Self.packed(series.counts, by: map.buckets.count))
        }
    }

    private func write(_ place: LatencyMap.Place, to json: inout JSONWriter) {
        json.object { json in
            json.member("submit", place.cpus.submit)
            json.member("end", place.cpus.end)
            json.member("worker", place.cpus.worker)
            json.member("counts", Self.packed(place.counts, by: 1))
        }
    }

    /// Of each column how many buckets, from which on, and their I/Os; numbers of seven bits a byte, the low ones first,
    /// as base64.
    static func packed(_ counts: [UInt32], by depth: Int) -> String {
        var bytes: [UInt8] = []
        func append(_ number: UInt32) {
            var rest = number
            while rest >= 128 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        for start in stride(from: 0, to: counts.count, by: depth) {
            let column = counts[start..<start + depth]
            guard let first = column.firstIndex(where: { $0 > 0 }), let last = column.lastIndex(where: { $0 > 0 })
            else {
                append(0)
                continue
            }
            append(UInt32(last - first + 1))
            append(UInt32(first - start))
            for count in counts[first...last] { append(count) }
        }
        return Data(bytes).base64EncodedString()
    }
}
