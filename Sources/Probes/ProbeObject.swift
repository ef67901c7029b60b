// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import CProbeRecords
import Glibc

/// The BPF object in the kernel: opened, sized, loaded and attached in steps, each of which can fail by name.
final class ProbeObject {
    private let object: OpaquePointer
    /// libbpf's own search compares with each name, and the recorder asks for all of them every second.
    private var programs: [String: OpaquePointer] = [:]
    private var links: [String: OpaquePointer] = [:]
    private var kept: [Int32] = []
    let plan: ProbePlan

    /// Opens the object of a flavour, with only the plan's programs.
    init(plan: ProbePlan, flavour: ProbePlan.Flavour) throws(ProbeError) {
        let image = Self.image(of: flavour)
        var options = bpf_object_open_opts()
        options.sz = MemoryLayout<bpf_object_open_opts>.size
        let opened = image.withUnsafeBytes { bytes in
            // libbpf copies what it keeps of the image.
            "dioscope".withCString { name in
                options.object_name = name
                return bpf_object__open_mem(bytes.baseAddress, bytes.count, &options)
            }
        }
        guard let opened else {
            throw .refused(step: "opening the BPF object", errno: errno, detail: LibbpfMessages.last)
        }
        object = opened
        self.plan = plan
        for entry in plan.programs {
            guard let program = bpf_object__find_program_by_name(object, entry.program.function) else { continue }
            programs[entry.program.function] = program
            bpf_program__set_autoload(program, plan.includes(entry.program.function))
            if plan.attachesByLinks, entry.program.kind == .kprobe {
                bpf_program__set_expected_attach_type(program, BPF_TRACE_KPROBE_MULTI)
            }
        }
    }

    deinit {
        // First those that let I/Os in: no I/O is half recorded.
        for program in plan.included where program.role == .begins { detach(program) }
        for link in links.values { bpf_link__destroy(link) }
        bpf_object__close(object)
        for descriptor in kept { close(descriptor) }
    }

    func setSize(of map: String, to entries: Int) throws(ProbeError) {
        guard let map = bpf_object__find_map_by_name(object, map) else { return }
        let status = bpf_map__set_max_entries(map, UInt32(entries))
        guard status == 0 else { throw .refused(step: "sizing a map", errno: status, detail: LibbpfMessages.last) }
    }

    /// Takes a descriptor over for as long as the object lives.
    func keepOpen(_ descriptor: Int32) { kept.append(descriptor) }

    /// - Parameters:
    ///   - map: of maps.
    ///   - descriptor: a map such as will be in it; to be open until the object is loaded.
    func setInnerMap(of map: String, to descriptor: Int32) throws(ProbeError) {
        guard let map = bpf_object__find_map_by_name(object, map) else { return }
        let status = bpf_map__set_inner_map_fd(map, descriptor)
        guard status == 0 else { throw .refused(step: "sizing a map", errno: status, detail: LibbpfMessages.last) }
    }

    /// Writes the settings into the read-only section that the programs are verified with.
    func set(_ settings: probe_settings) throws(ProbeError) {
        var settings = settings
        guard let map = bpf_object__find_map_by_name(object, ".rodata.settings") else {
            throw .refused(step: "writing the settings", errno: ENOENT, detail: "no .rodata.settings in the object")
        }
        let status = bpf_map__set_initial_value(map, &settings, MemoryLayout<probe_settings>.size)
        guard status == 0 else { throw .refused(step: "writing the settings", errno: status, detail: "") }
    }

    enum LoadResult {
        case loaded
        /// A kernel variable is in BTF, but its address is not in kallsyms (`CONFIG_KALLSYMS_ALL`).
        case variableUnreachable
        case refused(program: String, status: Int32)
        case failed(status: Int32)
    }

    func load() -> LoadResult {
        passOverModules()
        LibbpfMessages.forget()
        let status = bpf_object__load(object)
        if status == 0 { return .loaded }
        if LibbpfMessages.contain("failed to find the address for kernel symbol") { return .variableUnreachable }
        guard let program = LibbpfMessages.refusedProgram else { return .failed(status: status) }
        return .refused(program: program, status: status)
    }

    /// What the kernel itself lacks, libbpf looks for in the types of modules, and asks the kernel for those, which takes
    /// CAP_SYS_ADMIN: before libbpf 1.3 nothing is loaded without. It asks once for an object, whatever the answer: so
    /// here, for a function that is nowhere. No program is of a module.
    private func passOverModules() {
        guard !KernelAccess().has(.sysAdmin),
            let function = plan.included.first(where: { $0.kind != .kprobe })?.function,
            let program = programs[function]
        else { return }
        bpf_program__set_attach_target(program, 0, "dioscope_is_in_no_module")
    }

    /// 0, or the negative errno of the kernel.
    func attach(_ program: ProbeProgram) -> Int32 {
        guard let handle = programs[program.function] else { return -ENOENT }
        let byLink = plan.attachesByLinks && program.kind == .kprobe
        let attached =
            byLink
            ? bpf_program__attach_kprobe_multi_opts(handle, program.target, nil) : bpf_program__attach(handle)
        guard let link = attached else { return -errno }
        links[program.function] = link
        return 0
    }

    func detach(_ program: ProbeProgram) {
        guard let link = links.removeValue(forKey: program.function) else { return }
        bpf_link__destroy(link)
    }

    func isAttached(_ program: ProbeProgram) -> Bool { links[program.function] != nil }

    /// Detaches on a thread of its own: at a function that waits for a grace period of RCU Tasks, which may take seconds.
    func detachApart(_ program: ProbeProgram) {
        guard let link = links.removeValue(forKey: program.function) else { return }
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { link in
                if let link { bpf_link__destroy(OpaquePointer(link)) }
                return nil
            }, UnsafeMutableRawPointer(link))
        if status == 0 { pthread_detach(thread) } else { bpf_link__destroy(link) }
    }

    /// -1 when the object has no such map.
    func descriptor(of map: String) -> Int32 {
        bpf_object__find_map_fd_by_name(object, map)
    }

    /// The state of the programs: at an address that they know, or in a map.
    func mapState(cpus: Int) throws(ProbeError) -> ProbeState {
        if let map = bpf_object__find_map_by_name(object, ".bss") { return try ProbeState(map: bpf_map__fd(map)) }
        return try ProbeState(map: descriptor(of: "probe_cpus"), cpus: cpus)
    }

    /// Bytes of a key, 0 when the object has no such map.
    func keySize(of map: String) -> Int {
        guard let map = bpf_object__find_map_by_name(object, map) else { return 0 }
        return Int(bpf_map__key_size(map))
    }

    /// Sets the entries of an array that are not 0 to that.
    func clear(array name: String) {
        guard let map = bpf_object__find_map_by_name(object, name) else { return }
        let (descriptor, size) = (bpf_map__fd(map), Int(bpf_map__value_size(map)))
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { value in
            for entry in 0..<bpf_map__max_entries(map) {
                var key = entry
                guard bpf_map_lookup_elem(descriptor, &key, value.baseAddress) == 0, value.contains(where: { $0 != 0 })
                else { continue }
                _ = value.initializeMemory(as: UInt8.self, repeating: 0)
                bpf_map_update_elem(descriptor, &key, value.baseAddress, 0)
            }
        }
    }

    /// Bytes of one entry, 0 when the object has no such map.
    func valueSize(of map: String) -> Int {
        guard let map = bpf_object__find_map_by_name(object, map) else { return 0 }
        return Int(bpf_map__value_size(map))
    }

    /// Runs of a program that the kernel skipped because it was already running on that CPU (since 5.12).
    func misses(of program: ProbeProgram) -> UInt64 {
        information(of: program).recursion_misses
    }

    /// What a program cost since it was loaded, for as long as a `ProbeCostMeter` lived.
    func cost(of program: ProbeProgram) -> ProbeCost {
        let information = information(of: program)
        return ProbeCost(place: program.place, runs: information.run_cnt, nanoseconds: information.run_time_ns)
    }

    /// All zero when the kernel does not count.
    private func information(of program: ProbeProgram) -> bpf_prog_info {
        var info = bpf_prog_info()
        var length = UInt32(MemoryLayout<bpf_prog_info>.size)
        guard let handle = programs[program.function],
            bpf_obj_get_info_by_fd(bpf_program__fd(handle), &info, &length) == 0
        else { return bpf_prog_info() }
        return info
    }

    /// The object's ELF image, out of the hexadecimal text that the build embeds.
    static func image(of flavour: ProbePlan.Flavour) -> [UInt8] {
        let hex =
            switch flavour {
            case .modern: BPFObjects.modern
            case .plain: BPFObjects.plain
            case .inferring: BPFObjects.inferring
            case .baseline: BPFObjects.baseline
            }
        return hex.withUTF8Buffer { digits in
            (0..<digits.count / 2).map { nibble(digits[2 * $0]) << 4 | nibble(digits[2 * $0 + 1]) }
        }
    }

    private static func nibble(_ digit: UInt8) -> UInt8 {
        digit <= UInt8(ascii: "9") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
    }
}
