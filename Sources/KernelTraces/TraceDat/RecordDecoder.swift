// SPDX-License-Identifier: GPL-2.0-only

/// Makes events of the records of one kind, by the layout that the file gives.
/// An object, for a value of so many members would be copied for each record.
final class RecordDecoder {
    let kind: EventKind
    /// The name of the event; counted as occurring.
    let name: String
    /// In the order of `fieldNames`.
    private let fields: [RecordField]
    private let flagBits: IOFlagBits
    /// The arguments of a kprobe event, by field.
    private let arguments: [(ProbeArguments.Field, RecordField)]
    private let returns: Bool

    /// `nil` for an event that is not read.
    init?(_ format: EventFormat, flagBits: IOFlagBits, _ order: ByteOrder) {
        let known = EventKind(rawValue: format.name).flatMap { $0 == .probe ? nil : $0 }
        let address = ["__probe_ip", "__probe_func"].compactMap { format[$0] }.first
        // A kprobe event may bear the name of a tracepoint.
        guard let kind = address != nil ? .probe : known else { return nil }
        self.kind = kind
        name = format.name
        self.flagBits = flagBits
        returns = format["__probe_func"] != nil
        fields =
            kind == .probe
            ? [RecordField(address, order)] : Self.fieldNames(of: kind).map { RecordField(format[$0], order) }
        arguments =
            kind == .probe
            ? format.fields.compactMap { field in
                ProbeArguments.field(named: field.name).map { ($0, RecordField(field, order)) }
            }
            : []
    }

    private static func fieldNames(of kind: EventKind) -> [String] {
        switch kind {
        case .dioBegin: ["dev", "ino", "pos", "count", "done_before", "ki_flags", "dio_flags", "aio", "isize"]
        case .dioComplete: ["dev", "ino", "pos", "ki_flags", "error", "ret", "aio"]
        case .dioIteration: ["flags"]
        case .uringSubmit, .uringSubmitEntry: ["opcode"]
        case .bioQueue, .requestMade, .requestInsert, .requestIssue, .requestRequeue:
            ["dev", "sector", "nr_sector", "rwbs"]
        case .fileChange: ["dev", "ino", "ip"]
        case .bioRemap: ["dev", "sector", "nr_sector", "rwbs", "old_dev", "old_sector"]
        case .requestComplete: ["dev", "sector", "nr_sector", "rwbs", "error"]
        case .workQueue, .workStart, .workEnd: ["work", "function"]
        case .irqEntry: ["irq"]
        case .softirqRaise, .softirqEntry: ["vec"]
        case .taskSwitch: ["prev_pid", "prev_state", "next_pid", "next_comm"]
        case .functionTrace: ["ip"]
        default: []
        }
    }

    /// - Returns: `nil` when the record is of no interest after all.
    @inline(__always)
    func body(
        _ record: UnsafeRawBufferPointer, _ names: SymbolNames, _ calls: ProbeCalls
    ) -> KernelEvent.Body? {
        switch kind {
        case .dioBegin: .dioBegin(begin(record))
        case .dioComplete: .dioComplete(complete(record))
        case .dioIteration: direction(record)
        case .uringSubmit, .uringSubmitEntry: .uringSubmit(isWrite: UringOperation.isWrite(number: number(0, record)))
        case .bioQueue: .bioQueue(block(record))
        case .fileChange: .fileChange(fileChange(record, names))
        case .bioRemap: .bioRemap(block(record), from: source(record))
        case .requestRequeue: .requestRequeue(block(record))
        case .requestMade: .requestMade(block(record))
        case .requestInsert: .requestInsert(block(record))
        case .requestIssue: .requestIssue(block(record))
        case .requestComplete: .requestComplete(completedBlock(record))
        case .workQueue: .workQueue(work(record, names))
        case .workStart: .workStart(work(record, names))
        case .workEnd: .workEnd(work(record, names))
        case .irqEntry: .irqEntry(UInt32(truncatingIfNeeded: number(0, record)))
        case .softirqRaise: .softirqRaise(UInt32(truncatingIfNeeded: number(0, record)))
        case .softirqEntry: .softirqEntry(UInt32(truncatingIfNeeded: number(0, record)))
        case .taskSwitch: .taskSwitch(taskSwitch(record, names))
        case .functionTrace: functionTrace(record, names)
        case .probe: probe(record, names, calls)
        default: kind.body
        }
    }

    @inline(__always)
    private func number(_ index: Int, _ record: UnsafeRawBufferPointer) -> UInt64 { fields[index].number(in: record) }

    private func begin(_ record: UnsafeRawBufferPointer) -> DirectIOBegin {
        DirectIOBegin(
            device: UInt32(truncatingIfNeeded: number(0, record)), inode: number(1, record),
            position: number(2, record), length: number(3, record), doneBefore: number(4, record),
            fileSize: fields[8].isNumber ? number(8, record) : .max,
            flags: flagBits.flags(UInt32(truncatingIfNeeded: number(5, record))),
            forcesWait: number(6, record) & 1 != 0, isAsynchronous: number(7, record) != 0)
    }

    private func complete(_ record: UnsafeRawBufferPointer) -> DirectIOComplete {
        DirectIOComplete(
            device: UInt32(truncatingIfNeeded: number(0, record)), inode: number(1, record),
            position: number(2, record), flags: flagBits.flags(UInt32(truncatingIfNeeded: number(3, record))),
            isAsynchronous: number(6, record) != 0,
            error: Int32(truncatingIfNeeded: number(4, record)), result: Int64(bitPattern: number(5, record)))
    }

    /// `IOMAP_WRITE` and `IOMAP_DIRECT`; what is not direct is of no interest.
    private func direction(_ record: UnsafeRawBufferPointer) -> KernelEvent.Body? {
        let flags = number(0, record)
        return flags & 1 << 4 != 0 ? .dioDirection(isWrite: flags & 1 != 0) : nil
    }

    private func block(_ record: UnsafeRawBufferPointer) -> BlockRange {
        BlockRange(
            device: UInt32(truncatingIfNeeded: number(0, record)), sector: number(1, record),
            sectors: UInt32(truncatingIfNeeded: number(2, record)), letters: fields[3].text(in: record))
    }

    private func fileChange(_ record: UnsafeRawBufferPointer, _ names: SymbolNames) -> FileChange {
        FileChange(
            device: UInt32(truncatingIfNeeded: number(0, record)), inode: number(1, record),
            caller: names.around(number(2, record)), names.table)
    }

    private func source(_ record: UnsafeRawBufferPointer) -> BlockSource {
        BlockSource(device: UInt32(truncatingIfNeeded: number(4, record)), sector: number(5, record))
    }

    private func completedBlock(_ record: UnsafeRawBufferPointer) -> BlockRange {
        var block = block(record)
        block.setError(Int32(truncatingIfNeeded: number(4, record)))
        return block
    }

    private func work(_ record: UnsafeRawBufferPointer, _ names: SymbolNames) -> Work {
        let (function, name) = names.exact(number(1, record))
        return Work(address: number(0, record), function: function, name: name)
    }

    private func taskSwitch(_ record: UnsafeRawBufferPointer, _ names: SymbolNames) -> TaskSwitch {
        // The lowest bits say what it waits for; the one above them, that it was preempted.
        let state = number(1, record)
        return TaskSwitch(
            previous: UInt32(truncatingIfNeeded: number(0, record)), previousIsRunnable: state & 0xff == 0,
            next: UInt32(truncatingIfNeeded: number(2, record)),
            nextName: names.table.intern(fields[3].text(in: record)))
    }

    private func functionTrace(_ record: UnsafeRawBufferPointer, _ names: SymbolNames) -> KernelEvent.Body? {
        let function = names.entry(number(0, record))
        return function == .other ? nil : .function(function, .none)
    }

    private func probe(
        _ record: UnsafeRawBufferPointer, _ names: SymbolNames, _ calls: ProbeCalls
    ) -> KernelEvent.Body? {
        var function = names.entry(number(0, record))
        if function == .other { function = .named(probeEvent: name) }
        guard function != .other else { return nil }
        var values = ProbeArguments()
        for (field, place) in arguments {
            let value = place.number(in: record)
            values[field] = value
            if field == .issuer { values.issuer = value == 0 ? nil : names.entry(value) }
            if field == .ioFlags { values.flags = flagBits.flags(UInt32(truncatingIfNeeded: value)) }
        }
        let call = calls.add(values)
        return returns ? .functionReturn(function, call) : .function(function, call)
    }
}

extension KernelFunction {
    /// The function that an event's name promises: its own, or with the ending that perf gives to returns.
    static func named(probeEvent name: String) -> KernelFunction {
        named(name.hasSuffix("__return") ? String(name.dropLast("__return".count)) : name)
    }
}
