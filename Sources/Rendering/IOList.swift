// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Single I/Os, appended to a buffer one by one in the order in which they come.
public struct IOList: Sendable {
    let threads: [UInt32: ThreadName]

    /// Bytes of a JSON line with every key.
    private static let lineCapacity = 1024

    /// - Parameter threads: names of submitters, by thread number.
    public init(threads: [UInt32: ThreadName] = [:]) {
        self.threads = threads
    }

    /// One JSON object and a line break. What was not seen has no key.
    public func appendJSON(_ listed: ListedIO, to buffer: inout [UInt8]) {
        let (io, life) = (listed.io, listed.life)
        var json = JSONWriter(isPretty: false, capacity: Self.lineCapacity)
        json.object { json in
            if !io.isPartial { json.member("submitted_ns", io.submitted.nanoseconds) }
            if let completed = io.completed { json.member("completed_ns", completed.nanoseconds) }
            json.member("latency_ns", life.latency)
            json.member("context", life.context.rawValue)
            if let end = io.endContext { json.member("end_io_context", end.rawValue) }
            json.member("issuer", io.issuer.rawValue)
            json.member("op", io.operation.rawValue)
            json.member("error", io.error)
            if let reason = life.reason { json.member("reason", reason.rawValue) }
            json.key("stages")
            json.array { json in
                life.spans.forEach { span in
                    json.element()
                    json.object { json in
                        json.member("name", span.stage.name)
                        json.member("ns", span.nanoseconds)
                    }
                }
            }
            Self.write("queue_wait_causes", listed.queueWait, to: &json)
            Self.write("task_work_wait_causes", listed.taskWorkWait, to: &json)
            Self.write("delivery_wait_causes", listed.shares(of: .delivery), to: &json)
            Self.write("hop_wait_causes", listed.shares(of: .hopWait), to: &json)
            if let path = io.path { Self.write(path, io, to: &json) }
            if let cpu = io.submitCPU { json.member("submit_cpu", cpu) }
            if let cpu = io.endCPU { json.member("end_cpu", cpu) }
            if let cpu = io.workerCPU { json.member("worker_cpu", cpu) }
            if let cpu = io.completionCPU { json.member("completion_cpu", cpu) }
            if let irq = io.irq { json.member("irq", irq) }
            if !io.isPartial {
                json.member("submitter", io.submitterThread)
                if let thread = threads[io.submitterThread] { json.member("comm", thread.name) }
            }
            if !io.isPartial || io.device.kernelNumber != 0 {
                json.member("dev", io.device.description)
                json.member("inode", io.inode)
                json.member("offset", io.offset)
                json.member("length", io.length)
            }
        }
        buffer.append(contentsOf: json.bytes)
        buffer.append(UInt8(ascii: "\n"))
    }

    private static func write(_ key: StaticString, _ shares: [WaitShare], to json: inout JSONWriter) {
        guard !shares.isEmpty else { return }
        json.array(key, shares) { json, share in
            json.object { json in
                json.member("cause", share.cause.rawValue)
                if let name = share.name { json.member("name", name) }
                json.member("ns", share.nanoseconds)
            }
        }
    }

    /// The devices that it came through, and who brought it back.
    private static func write(_ path: LayerPath, _ io: DirectIO, to json: inout JSONWriter) {
        if let deliverer = path.deliverer { json.member("deliverer", deliverer) }
        var parts: [(LayerPart, UInt64)] = []
        LayerPart.forEach(of: io) { parts.append(($0, $1)) }
        guard !parts.isEmpty else { return }
        json.array("layers", parts) { json, part in
            json.object { json in
                json.member("device", part.0.device.description)
                json.member("phase", part.0.phase.rawValue)
                json.member("ns", part.1)
            }
        }
    }

    func append(_ line: String, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
    }

    func submitter(of io: DirectIO, _ style: TextStyle) -> String {
        "\(threads[io.submitterThread].map { style.escaped($0.name) } ?? "thread")/\(io.submitterThread)"
    }
}
