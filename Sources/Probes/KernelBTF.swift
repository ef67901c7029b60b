// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import Glibc

/// The running kernel's own description of its types (`/sys/kernel/btf/vmlinux`): what a probe can attach to is
/// asked here, never of a version string.
public final class KernelBTF {
    private let btf: OpaquePointer

    /// `BTF_KIND_*` of the BTF format; the header's names are ambiguous to Swift.
    private enum Kind: UInt32 {
        case structure = 4
        case typedef = 8
        case function = 12
        case variable = 14
    }

    /// `nil` when the kernel was built without `CONFIG_DEBUG_INFO_BTF`, or hides it.
    public init?() {
        guard let btf = btf__load_vmlinux_btf() else { return nil }
        self.btf = btf
        base = nil
    }

    /// The types of a module, with those of the kernel that it refers to; `nil` when it is not loaded, or built in.
    init?(module: String, of kernel: KernelBTF) {
        guard access("/sys/kernel/btf/\(module)", R_OK) == 0,
            let btf = btf__parse_split("/sys/kernel/btf/\(module)", kernel.btf)
        else { return nil }
        self.btf = btf
        base = kernel
    }

    /// Kept for as long as the module's types refer to it.
    private let base: KernelBTF?

    deinit {
        btf__free(btf)
    }

    public func hasFunction(_ name: String) -> Bool {
        find(name, .function) != nil
    }

    /// The number by which a program is attached to it.
    func number(of function: String) -> UInt32? {
        find(function, .function)
    }

    /// How many arguments a function has, `nil` when there is no such function.
    public func parameterCount(of function: String) -> Int? {
        find(function, .function).flatMap { btf__type_by_id(btf, $0) }.flatMap { prototypeLength($0.pointee.type) }
    }

    /// The same of a tracepoint's handler, the handler's own data included. A tracepoint can be taken by tp_btf when
    /// its prototype is in BTF.
    public func tracepointParameterCount(_ name: String) -> Int? {
        guard let typedef = find("btf_trace_" + name, .typedef).flatMap({ btf__type_by_id(btf, $0) }),
            let pointer = btf__type_by_id(btf, typedef.pointee.type)
        else { return nil }
        return prototypeLength(pointer.pointee.type)
    }

    private func prototypeLength(_ id: UInt32) -> Int? {
        btf__type_by_id(btf, id).map { Int($0.pointee.info & 0xffff) }
    }

    public func hasStructure(_ name: String) -> Bool {
        find(name, .structure) != nil
    }

    /// The size of a structure, in bytes.
    func size(of structure: String) -> Int? {
        find(structure, .structure).flatMap { btf__type_by_id(btf, $0) }.map { Int($0.pointee.size) }
    }

    public func hasVariable(_ name: String) -> Bool {
        find(name, .variable) != nil
    }

    /// Whether `structure` has this member, directly or in an unnamed struct or union.
    public func hasMember(_ member: String, of structure: String) -> Bool {
        members(of: structure)?.contains { $0.name == member } ?? false
    }

    /// Members with their offsets in bits; those of unnamed structs and unions count as the structure's own.
    func members(of structure: String) -> [(name: String, bits: Int)]? {
        find(structure, .structure).map { members(of: $0, at: 0, depth: 0) }
    }

    private func members(of id: UInt32, at start: Int, depth: Int) -> [(name: String, bits: Int)] {
        guard depth < 4, let type = btf__type_by_id(btf, id), let members = btf_members(type) else { return [] }
        // The highest bit of info: offsets hold the size of a bit field too.
        let offsetMask: UInt32 = type.pointee.info >> 31 != 0 ? 0xff_ffff : .max
        return (0..<Int(type.pointee.info & 0xffff)).flatMap { index in
            let name = btf__name_by_offset(btf, members[index].name_off).map { String(cString: $0) } ?? ""
            let bits = start + Int(members[index].offset & offsetMask)
            return name.isEmpty ? self.members(of: members[index].type, at: bits, depth: depth + 1) : [(name, bits)]
        }
    }

    private func find(_ name: String, _ kind: Kind) -> UInt32? {
        let id = btf__find_by_name_kind(btf, name, kind.rawValue)
        return id > 0 ? UInt32(id) : nil
    }
}
