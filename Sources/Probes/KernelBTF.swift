// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf

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
    }

    deinit {
        btf__free(btf)
    }

    public func hasFunction(_ name: String) -> Bool {
        find(name, .function) != nil
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

    public func hasVariable(_ name: String) -> Bool {
        find(name, .variable) != nil
    }

    /// Whether `structure` has this member, directly or in an unnamed struct or union.
    public func hasMember(_ member: String, of structure: String) -> Bool {
        guard let id = find(structure, .structure) else { return false }
        return hasMember(member, of: id, depth: 0)
    }

    private func hasMember(_ member: String, of id: UInt32, depth: Int) -> Bool {
        guard depth < 4, let type = btf__type_by_id(btf, id), let members = btf_members(type) else { return false }
        let count = Int(type.pointee.info & 0xffff)
        for index in 0..<count {
            let name = btf__name_by_offset(btf, members[index].name_off).map { String(cString: $0) } ?? ""
            if name == member { return true }
            if name.isEmpty, hasMember(member, of: members[index].type, depth: depth + 1) { return true }
        }
        return false
    }

    private func find(_ name: String, _ kind: Kind) -> UInt32? {
        let id = btf__find_by_name_kind(btf, name, kind.rawValue)
        return id > 0 ? UInt32(id) : nil
    }
}
