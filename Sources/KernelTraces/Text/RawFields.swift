// SPDX-License-Identifier: GPL-2.0-only

/// Fields of an event as `trace-cmd report -R` prints them: ` dev=271581185 ino=0x85`.
struct RawFields {
    private let text: Scanner

    init(_ text: Scanner) {
        self.text = text
    }

    /// What stands behind `name=`, from there to the end.
    private func value(_ name: StaticString) -> Scanner? {
        var rest = text
        rest.skipSpaces()
        while !rest.isAtEnd {
            if rest.skip(name), rest.skip(byte: UInt8(ascii: "=")) { return rest }
            _ = rest.word()
            rest.skipSpaces()
        }
        return nil
    }

    func number(_ name: StaticString) -> UInt64? {
        var value = value(name)
        return value?.number()
    }

    func word(_ name: StaticString) -> UnsafeRawBufferPointer? {
        var value = value(name)
        return value?.word()
    }

    /// Up to ` next=`.
    func text(_ name: StaticString, before next: StaticString) -> UnsafeRawBufferPointer? {
        guard var value = value(name) else { return nil }
        return value.cut(atLast: next) ? value.rest : nil
    }
}

extension TextDecoder {
    /// The same of raw fields; `nil` when they are none.
    mutating func rawBody(_ kind: EventKind, _ text: Scanner, thread: UInt32) -> KernelEvent.Body? {
        let fields = RawFields(text)
        switch kind {
        case .dioBegin: return rawBegin(fields).map { .dioBegin($0) }
        case .dioComplete: return rawComplete(fields).map { .dioComplete($0) }
        case .uringSubmit, .uringSubmitEntry:
            return fields.number("opcode").map { .uringSubmit(isWrite: UringOperation.isWrite(number: $0)) }
        case .bioQueue: return rawBlock(fields).map { .bioQueue($0) }
        case .fileChange: return rawChange(fields)
        case .bioRemap: return rawRemap(fields)
        case .requestRequeue: return rawBlock(fields).map { .requestRequeue($0) }
        case .requestMade: return rawBlock(fields).map { .requestMade($0) }
        case .requestInsert: return rawBlock(fields).map { .requestInsert($0) }
        case .requestIssue: return rawBlock(fields).map { .requestIssue($0) }
        case .requestComplete: return rawBlock(fields).map { .requestComplete($0) }
        case .workQueue: return rawWork(fields).map { .workQueue($0) }
        case .workStart: return rawWork(fields).map { .workStart($0) }
        case .workEnd: return rawWork(fields).map { .workEnd($0) }
        case .taskSwitch: return rawSwitch(fields, thread).map { .taskSwitch($0) }
        default: return nil
        }
    }

    private func rawBegin(_ fields: RawFields) -> DirectIOBegin? {
        guard let device = fields.number("dev"), let inode = fields.number("ino"),
            let position = fields.number("pos"), let length = fields.number("count"),
            let flags = fields.number("ki_flags"), let isAsynchronous = fields.number("aio")
        else { return nil }
        return DirectIOBegin(
            device: UInt32(truncatingIfNeeded: device), inode: inode, position: position, length: length,
            doneBefore: fields.number("done_before") ?? 0, fileSize: fields.number("isize") ?? .max,
            flags: flagBits.flags(UInt32(truncatingIfNeeded: flags)),
            forcesWait: (fields.number("dio_flags") ?? 0) & 1 != 0, isAsynchronous: isAsynchronous != 0)
    }

    private func rawComplete(_ fields: RawFields) -> DirectIOComplete? {
        guard let device = fields.number("dev"), let inode = fields.number("ino"),
            let position = fields.number("pos"), let flags = fields.number("ki_flags"),
            let isAsynchronous = fields.number("aio"), let error = fields.number("error"),
            let result = fields.number("ret")
        else { return nil }
        return DirectIOComplete(
            device: UInt32(truncatingIfNeeded: device), inode: inode, position: position,
            flags: flagBits.flags(UInt32(truncatingIfNeeded: flags)), isAsynchronous: isAsynchronous != 0,
            error: Int32(truncatingIfNeeded: error), result: Int64(bitPattern: result))
    }

    private func rawBlock(_ fields: RawFields) -> BlockRange? {
        guard let device = fields.number("dev"), let sector = fields.number("sector"),
            let sectors = fields.number("nr_sector"), let kind = fields.word("rwbs")
        else { return nil }
        var block = BlockRange(
            device: UInt32(truncatingIfNeeded: device), sector: sector,
            sectors: UInt32(truncatingIfNeeded: sectors), letters: kind)
        // Only a completion has it.
        if let error = fields.number("error") { block.setError(Int32(truncatingIfNeeded: error)) }
        return block
    }

    /// The caller is a number: nothing is known of it.
    private func rawChange(_ fields: RawFields) -> KernelEvent.Body? {
        guard let device = fields.number("dev"), let inode = fields.number("ino") else { return nil }
        return .fileChange(
            FileChange(
                device: UInt32(truncatingIfNeeded: device), inode: inode, marksWritten: false, name: .unknown))
    }

    private func rawRemap(_ fields: RawFields) -> KernelEvent.Body? {
        guard let block = rawBlock(fields), let device = fields.number("old_dev"),
            let sector = fields.number("old_sector")
        else { return nil }
        return .bioRemap(block, from: BlockSource(device: UInt32(truncatingIfNeeded: device), sector: sector))
    }

    private mutating func rawWork(_ fields: RawFields) -> Work? {
        guard let address = fields.number("work") else { return nil }
        guard let name = fields.word("function") else {
            return Work(address: address, function: .other, name: .unknown)
        }
        return work(at: address, of: name)
    }

    private func rawSwitch(_ fields: RawFields, _ thread: UInt32) -> TaskSwitch? {
        guard let state = fields.number("prev_state"), let next = fields.number("next_pid"),
            let name = fields.text("next_comm", before: " next_pid=")
        else { return nil }
        return TaskSwitch(
            previous: thread, previousIsRunnable: state & 0xff == 0, next: UInt32(truncatingIfNeeded: next),
            nextName: intern(name))
    }
}
