// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

extension JSONReport {
    /// Nothing for a recording of all I/Os.
    static func write(_ sample: Sample?, _ steps: [SamplingStep], to json: inout JSONWriter) {
        guard let sample else { return }
        json.object("sample") { json in
            json.member("of_ios", sample.ofIOs)
            json.member("share_error", sample.shareError)
            json.member("thinned_out", sample.thinnedOut)
            if let bursts = sample.bursts {
                json.object("bursts") { json in
                    json.member("count", UInt64(bursts.count))
                    json.member("recorded_ns", bursts.time)
                    json.member("mean_error", bursts.meanError)
                }
            }
            guard !steps.isEmpty else { return }
            json.array("steps", steps) { json, step in
                json.object { json in
                    json.member("from_ns", step.from)
                    json.member("every", step.every)
                    json.member("overhead", step.overhead)
                }
            }
        }
    }

    /// Nothing where it was not measured.
    static func write(_ cost: RecordingCost?, to json: inout JSONWriter) {
        guard let cost else { return }
        json.object("cost") { json in
            json.member("limit", cost.limit)
            json.member("whole", cost.whole)
            json.member("pause", cost.pause)
            json.member("mean", cost.mean)
        }
    }

    /// Nothing for a recording with a record of every I/O.
    static func write(_ summedUp: Report.SummedUp?, to json: inout JSONWriter) {
        guard let summedUp else { return }
        json.object("summed_up") { json in
            json.member("ios", summedUp.ios)
            json.member("percentile_error", summedUp.percentileError)
        }
    }

    static func write(_ source: ReportSource, to json: inout JSONWriter) {
        json.object("source") { json in
            json.member("kind", source.kind)
            json.member("recorder", source.recorder)
            json.member("kernel", source.kernel)
            json.member("host", source.host)
            json.member("machine", source.machine)
            json.member("cpus", source.cpuCount)
            json.strings("command", source.command)
            json.member("started", source.started)
            json.member("duration_ns", source.duration)
            json.strings("filters", source.filters)
            json.object("probes") { json in
                json.strings("attached", source.probes.filter(\.attached).map(\.name))
                json.array("missing", source.probes.filter { !$0.attached }) { json, probe in
                    json.object { json in
                        json.member("name", probe.name)
                        json.member("reason", probe.reason)
                    }
                }
            }
            json.array("devices", source.devices) { json, device in
                json.object { json in
                    json.member("dev", device.device.description)
                    json.member("name", device.name)
                    json.member("mapped", device.mapped)
                    json.member("fs", device.fileSystem)
                    json.member("mount_point", device.mountPoint)
                }
            }
            json.array("files", source.files) { json, file in
                json.object { json in
                    json.member("dev", file.device.description)
                    json.member("inode", file.inode)
                    json.member("path", file.path)
                }
            }
            json.key("account")
            write(source.account, to: &json)
            json.key("places")
            write(source.places, to: &json)
            write(source.fileUsers, to: &json)
            json.member("virtual", source.isVirtual)
            json.strings("blind_to", source.blindTo)
            json.member("complete", source.isComplete)
        }
    }

    private static func write(_ account: ApplicationAccount?, to json: inout JSONWriter) {
        guard let account else { return json.null() }
        json.object { json in
            json.member("name", account.name)
            json.strings("jobs", account.jobs)
            json.member("ios", account.ios)
            json.member("submission_mean_ns", account.submission)
            json.member("completion_mean_ns", account.completion)
            json.member("mean_ns", account.total)
            json.array("completion_percentiles", account.percentiles ?? []) { json, percentile in
                json.object { json in
                    json.member("percent", percentile.percent)
                    json.member("ns", percentile.nanoseconds)
                }
            }
        }
    }

    private static func write(_ users: [FileUser]?, to json: inout JSONWriter) {
        guard let users else {
            json.key("file_users")
            return json.null()
        }
        json.array("file_users", users) { json, user in
            json.object { json in
                json.member("dev", user.device.description)
                json.member("inode", user.inode)
                json.member("pid", user.process)
                json.member("name", user.name)
                json.member("mapped", user.isMapped)
            }
        }
    }

    private static func write(_ places: HostTopology?, to json: inout JSONWriter) {
        guard let places else { return json.null() }
        json.object { json in
            json.array("interrupts", places.interrupts) { json, interrupt in
                json.object { json in
                    json.member("irq", interrupt.irq)
                    json.member("name", interrupt.name)
                    json.member("allowed", interrupt.allowed)
                    json.member("effective", interrupt.effective)
                }
            }
            json.array("cpus", places.cpus) { json, cpu in
                json.object { json in
                    json.member("cpu", cpu.cpu)
                    json.member("core", cpu.core)
                    json.member("cache", cpu.cache)
                }
            }
            json.member("unbound_works", places.unboundWorks)
        }
    }

    static func write(_ selection: Report.Selection?, to json: inout JSONWriter) {
        json.key("selection")
        guard let selection else { return json.null() }
        json.object { json in
            json.member("where", selection.condition)
            json.member("of_ios", selection.ofIOs)
        }
    }

    static func write(_ quality: Report.Quality, _ source: ReportSource, to json: inout JSONWriter) {
        json.object("quality") { json in
            json.member("complete_share", quality.completeShare)
            json.member("complete_ios", quality.completeIOs)
            json.member("unfinished_ios", quality.unfinishedIOs)
            json.member("disordered_ios", quality.disorderedIOs)
            json.member("without_bio_ios", quality.withoutBioIOs)
            json.strings("blind", quality.blind.map(\.name))
            json.array("missing", quality.missing) { json, missing in
                json.object { json in
                    json.member("point", missing.point.name)
                    json.member("ios", missing.ios)
                }
            }
            json.array("not_followed", quality.notFollowed) { json, layer in
                let device = source.devices.first { $0.device == layer.device }
                json.object { json in
                    json.member("device", layer.device.description)
                    json.member("name", device?.name)
                    json.member("layer", device?.layer)
                    json.member("ios", layer.ios)
                }
            }
        }
    }

    private static func write(
        _ files: OtherIO.DirectFiles, _ what: StaticString, _ count: UInt64?, to json: inout JSONWriter
    ) {
        json.member("what", what.description)
        json.member("dev", files.device.description)
        json.member("fs", files.fileSystem)
        json.member("mount_point", files.mountPoint)
        json.member("files", count)
    }

    static func write(_ unseen: [UnseenIO], to json: inout JSONWriter) {
        json.array("unseen", unseen) { json, unseen in
            json.object { json in
                switch unseen {
                case .fileSystem(let files): write(files, "file-system", files.files, to: &json)
                case .writes(let files): write(files, "writes", files.forWriting, to: &json)
                case .filteredOut(let ios):
                    json.member("what", "filtered-out")
                    json.member("ios", ios)
                case .sampledOut(let ios):
                    json.member("what", "sampled-out")
                    json.member("ios", ios)
                case .noDisk:
                    json.member("what", "command")
                    json.member("bytes", 0)
                case .command(let operation, let bytes, let direct):
                    json.member("what", "command")
                    json.member("op", operation.rawValue)
                    json.member("bytes", bytes)
                    json.member("direct_bytes", direct)
                }
            }
        }
    }

    /// `nil`: fsync was not seen.
    static func write(_ syncs: [FileSyncs]?, _ source: ReportSource, to json: inout JSONWriter) {
        guard let syncs else {
            json.key("syncs")
            return json.null()
        }
        json.array("syncs", syncs) { json, syncs in
            json.object { json in
                json.member("call", syncs.call)
                json.member("dev", syncs.device.description)
                json.member("inode", syncs.inode)
                json.member(
                    "path", source.files.first { $0.device == syncs.device && $0.inode == syncs.inode }?.path)
                json.member("count", syncs.count)
                json.member("total_ns", syncs.nanoseconds)
            }
        }
    }

    static func write(_ headline: Headline, to json: inout JSONWriter) {
        json.object("headline") { json in
            json.member("op", headline.operation?.value.rawValue)
            json.member("op_share", headline.operation?.share)
            json.member("length", headline.length?.value)
            json.member("length_share", headline.length?.share)
            json.member("issuer", headline.issuer?.value.rawValue)
            json.member("issuer_share", headline.issuer?.share)
            json.member("dev", headline.device?.value.description)
            json.member("dev_share", headline.device?.share)
            json.member("dev_name", headline.deviceName?.name)
            json.member("fs", headline.deviceName?.fileSystem)
            json.member("mean_in_flight", headline.meanInFlight)
            json.member("shortest", headline.lengths?.lowerBound)
            json.member("longest", headline.lengths?.upperBound)
            json.member("span_ns", headline.span)
            json.member("iops", headline.iops)
            json.member("bytes_per_second", headline.bytesPerSecond)
        }
    }

    static func write(_ ios: Report.IOCounts, to json: inout JSONWriter) {
        json.object("ios") { json in
            json.member("total", ios.total)
            json.member("read", ios.read)
            json.member("write", ios.write)
            json.member("bytes", ios.unknownLengths == 0 ? ios.bytes : nil)
            json.member("errors", ios.errors)
            if ios.partial > 0 { json.member("partial", ios.partial) }
            if ios.requests > 0 { json.member("requests", ios.requests) }
        }
        json.object("issuers") { json in
            for (issuer, count) in zip(Issuer.allCases, ios.issuers) { json.member(key(of: issuer), count) }
        }
    }

    private static func key(of issuer: Issuer) -> StaticString {
        switch issuer {
        case .sync: "sync"
        case .libaio: "libaio"
        case .ioUring: "io_uring"
        case .other: "other"
        case .unknown: "unknown"
        }
    }
}
