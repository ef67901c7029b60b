// SPDX-License-Identifier: GPL-2.0-only

/// The part of a report's JSON that a comparison uses; the rest is ignored. Named as the JSON is.
struct SavedReportContent: Decodable {
    var schema: String
    var source: Source
    var headline: Headline
    var ios: IOs
    var latency: Latency?
    var stages: [Stage]
    var queue_wait: Wait?
    var task_work_wait: Wait?
    var contexts: [String: UInt64?]
    var reasons: [Reason]
    var loss: [Loss]

    struct Source: Decodable {
        var kernel: String?
        var machine: String?
        var host: String?
        var cpus: Int?
        var command: [String]
        var filters: [String]
        var probes: Probes
        var complete: Bool
    }

    struct Probes: Decodable { var attached: [String] }

    struct Headline: Decodable {
        var op: String?
        var op_share: Double?
        var length: UInt64?
        var length_share: Double?
        var issuer: String?
        var issuer_share: Double?
        var dev: String?
        var dev_name: String?
        var fs: String?
        var mean_in_flight: Double?
    }

    struct IOs: Decodable { var total: UInt64 }

    struct Latency: Decodable {
        var ios: UInt64
        var total_ns: Double
        var p50_ns: Double
        var p99_ns: Double
        var p999_ns: Double
    }

    struct Stage: Decodable {
        var name: String
        var total_ns: Double
    }

    struct Wait: Decodable {
        var causes: [Cause]

        struct Cause: Decodable {
            var cause: String
            var total_ns: Double
        }
    }

    struct Reason: Decodable {
        var reason: String
        var ios: UInt64
    }

    struct Loss: Decodable {
        var what: String
        var count: UInt64
        var severity: String
    }
}
