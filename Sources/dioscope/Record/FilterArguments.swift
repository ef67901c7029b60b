// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import DirectIO
import Glibc
import Host
import Probes

/// The options that say which I/Os to record.
struct FilterArguments: ParsableArguments {
    @Option(name: .shortAndLong, help: "Only this process and its children, also future ones (repeatable).")
    var pid: [Int32] = []

    @Option(name: .customLong("comm"), help: "Only threads with this name, as ps -o comm shows it.")
    var comms: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only I/Os to this device: /dev/NAME, NAME or MAJOR:MINOR (repeatable).",
            discussion: "A whole disk includes its partitions, and all that is made of them: LVM, dm-crypt, md."))
    var device: [String] = []

    @Option(name: .customLong("file"), help: "Only this file.")
    var files: [String] = []

    @Option(help: "Only the processes that are in this cgroup now, their children, and those of cgroups below it.")
    var cgroup: String?

    @Option(help: "Only the processes that are in this systemd unit now, and their children.")
    var unit: String?

    @Option(help: "Only this inode number; with --device when several file systems have it.")
    var inode: UInt64?

    private var comm: String? { comms.first }
    private var file: String? { files.first }

    func validate() throws {
        if comms.count > 1 {
            throw ValidationError("--comm can be given once: several names cannot be recorded at once")
        }
        if files.count > 1 { throw ValidationError("--file can be given once: record by --device for several files") }
        if file != nil && inode != nil {
            throw ValidationError("--file and --inode exclude each other: a file has one inode")
        }
    }

    /// - Parameter tracesCommand: our own process is marked, so that the command which it starts is traced.
    func filter(tracesCommand: Bool, access: KernelAccess) throws(Failure) -> ProbeFilter {
        var filter = ProbeFilter()
        filter.processes = ProcessTree().withChildren(try processes() + members())
        if let comm { try Self.check(comm: comm) }
        if let comm, !tracesCommand, !ProcessTree.hasThread(named: comm) {
            Terminal.say("--comm \(comm): no thread has this name now; recording nothing until one has")
        }
        if tracesCommand { filter.processes.append(getpid()) }
        if !filter.processes.isEmpty && !access.isInInitialPIDNamespace {
            throw Failure.inPIDNamespace(
                hint: "record without COMMAND and --pid, e.g. by --comm, --device or --file")
        }
        filter.comm = comm
        for name in device {
            for number in Self.superBlocks(on: try Self.deviceNumber(of: name)) where !filter.devices.contains(number) {
                filter.devices.append(number)
            }
        }
        guard filter.devices.count <= ProbeFilter.maximumDevices else {
            throw Failure(
                .usage,
                "\(filter.devices.count) devices, with partitions and volumes: at most \(ProbeFilter.maximumDevices)",
                hint: "name those that matter, or record without --device and report with --where")
        }
        filter.inode = inode
        if let file { try Self.add(file: file, to: &filter) }
        return filter
    }

    /// The filters in the user's words, for the capture.
    var words: [String] {
        pid.map { "--pid \($0)" } + (comm.map { ["--comm \($0)"] } ?? []) + device.map { "--device \($0)" }
            + (file.map { ["--file \($0)"] } ?? []) + (inode.map { ["--inode \($0)"] } ?? [])
            + (cgroup.map { ["--cgroup \($0)"] } ?? []) + (unit.map { ["--unit \($0)"] } ?? [])
    }

    /// Processes of the cgroup and of the unit.
    private func members() throws(Failure) -> [Int32] {
        var found: [Int32] = []
        let groups = ControlGroup()
        if let cgroup {
            let path = groups.path(named: cgroup)
            if path == nil, groups.path(ofUnit: cgroup) != nil {
                throw Failure(
                    .usage, "--cgroup \(cgroup): there is no such cgroup at the root",
                    hint: "a unit of systemd is called so: --unit \(cgroup)")
            }
            found += try Self.members(of: path, "--cgroup \(cgroup)")
        }
        if let unit { found += try Self.members(of: groups.path(ofUnit: unit), "--unit \(unit)") }
        return found
    }

    private static func members(of path: String?, _ words: String) throws(Failure) -> [Int32] {
        guard let path else {
            throw Failure(
                .usage, "\(words): there is no such cgroup", hint: "cat /proc/PID/cgroup names those of a process")
        }
        let processes = ControlGroup.processes(in: path)
        guard !processes.isEmpty else { throw Failure(.usage, "\(words): no process is in it") }
        return processes
    }

    private func processes() throws(Failure) -> [Int32] {
        for process in pid {
            guard process > 0, access("/proc/\(process)", F_OK) == 0 else {
                throw Failure(.usage, "--pid \(process): no such process")
            }
            var status = stat()
            // A thread's number has a directory too, but only processes are listed; the probes compare processes.
            guard stat("/proc/\(process)/task/\(process)", &status) == 0 else {
                throw Failure(.usage, "--pid \(process): that is a thread; give its process")
            }
        }
        return pid
    }

    /// TASK_COMM_LEN of the kernel, with the zero at its end, is 16.
    private static func check(comm: String) throws(Failure) {
        guard !comm.isEmpty else { throw Failure(.usage, "--comm '': a thread's name has 1 to 15 bytes") }
        guard comm.utf8.count > 15 else { return }
        var kept = comm
        while kept.utf8.count > 15 { kept.removeLast() }
        throw Failure(
            .usage, "--comm '\(comm)': no thread has it, for the kernel keeps the first 15 bytes of a name",
            hint: "--comm '\(kept)'")
    }

    private static func deviceNumber(of name: String) throws(Failure) -> DeviceNumber {
        if let number = DeviceNumber(name) {
            guard DeviceNames.kernelName(of: number) != nil else {
                throw Failure(.usage, "--device \(name): no block device has this number")
            }
            return number
        }
        // As the kernel names it, or as device-mapper, LVM and md do.
        let directories = name.hasPrefix("/") ? [""] : ["/dev/", "/dev/mapper/", "/dev/md/", ""]
        var status = stat()
        guard directories.contains(where: { stat($0 + name, &status) == 0 }) else {
            throw Failure(.usage, "--device \(name): \(errorText())")
        }
        guard status.st_mode & S_IFMT == S_IFBLK else {
            throw Failure(
                .usage, "--device \(name): not a block device", hint: "for a file or directory use --file")
        }
        return DeviceNumber(userNumber: UInt64(status.st_rdev))
    }

    private static func add(file: String, to filter: inout ProbeFilter) throws(Failure) {
        var status = stat()
        guard stat(file, &status) == 0, let identity = FileIdentity(file) else {
            throw Failure(.usage, "--file \(file): \(errorText())")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw Failure(
                .usage, "--file \(file): a directory has no I/Os of its own",
                hint: "for a whole file system use --device")
        }
        // Where /proc is not mounted, what stat shows.
        let superBlocks = DeviceNames().superBlocks(of: file)
        filter.devices += superBlocks.isEmpty ? [DeviceNumber(userNumber: UInt64(status.st_dev))] : superBlocks
        filter.inode = identity.inode
    }

    /// A whole stack: file systems on the device itself, its partitions, all devices that are made of them, and loop devices
    /// in those file systems.
    private static func superBlocks(on device: DeviceNumber) -> [DeviceNumber] {
        let names = DeviceNames()
        var (found, below, seen) = ([DeviceNumber](), [device], Set([device]))
        while let next = below.popLast() {
            for layer in DeviceNames.stack(on: next) {
                for number in names.superBlocks(on: layer) where !found.contains(number) { found.append(number) }
            }
            below += names.loops(over: found).filter { seen.insert($0).inserted }
        }
        return found
    }
}
