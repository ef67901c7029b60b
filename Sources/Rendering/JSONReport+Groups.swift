// SPDX-License-Identifier: GPL-2.0-only

import Report

extension JSONReport {
    static func write(_ groups: ReportGroups?, to json: inout JSONWriter) {
        json.array("groups", groups?.groups ?? []) { json, group in
            json.object { json in
                json.member("by", group.key.groupings.map(\.rawValue).joined(separator: ","))
                json.member("key", GroupText.key(of: group.key))
                json.member("label", GroupText.label(of: group.key, group.report.source))
                writeMeasurements(group.report, to: &json)
                write(group.report.verdict, to: &json)
            }
        }
        json.key("other_groups")
        guard let chosen = groups?.chosen else { return json.null() }
        json.object { json in
            json.member("groups", chosen.countsAllGroups ? chosen.otherGroups : nil)
            json.member("ios", chosen.otherIOs)
        }
    }
}
