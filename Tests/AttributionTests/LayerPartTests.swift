// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

struct LayerPartTests {
    @Test func theWayThroughTwoLayersHasNoGap() {
        var crypt = LayerPassage(device: DeviceNumber(major: 253, minor: 1))
        (crypt.entered, crypt.queued, crypt.started) = (100, 110, 150)
        var disk = LayerPassage(device: DeviceNumber(major: 259, minor: 0))
        (disk.entered, disk.issued, disk.done) = (180, 190, 400)
        #expect(
            parts([crypt, disk], ended: 450)
                == ["0 work 10", "0 queue_wait 40", "0 work 30", "1 issue 10", "1 device 210", "0 back 50"])
    }

    /// A loop device's own request is done after all of it, and nvme_tcp's in the work that runs end_io.
    @Test func whatIsDoneAfterEndIOBeganEndsThere() {
        var loop = LayerPassage(device: DeviceNumber(major: 7, minor: 0))
        (loop.entered, loop.issued, loop.done) = (100, 105, 460)
        var disk = LayerPassage(device: DeviceNumber(major: 259, minor: 0))
        (disk.entered, disk.issued, disk.done) = (200, 210, 400)
        #expect(
            parts([loop, disk], ended: 450) == ["0 issue 5", "0 work 95", "1 issue 10", "1 device 190", "0 back 50"])
        disk.done = 455
        #expect(parts([loop, disk], ended: 450) == ["0 issue 5", "0 work 95", "1 issue 10", "1 device 240"])
    }

    /// A mirror's time is its own until a disk has the I/O, then that disk's, and that of the slower one once that has it.
    @Test func aMirrorWaitsForTheSlowerDisk() {
        var mirror = LayerPassage(device: DeviceNumber(major: 9, minor: 1))
        mirror.entered = 100
        var slow = LayerPassage(device: DeviceNumber(major: 259, minor: 0))
        (slow.entered, slow.issued, slow.done, slow.giver) = (120, 140, 400, 0)
        var fast = LayerPassage(device: DeviceNumber(major: 259, minor: 1))
        (fast.entered, fast.issued, fast.done, fast.giver) = (130, 150, 300, 0)
        #expect(
            parts([mirror, slow, fast], ended: 450)
                == ["0 work 20", "0 work 10", "1 issue 10", "1 device 260", "0 back 50"])
        (slow.done, fast.done) = (300, 400)
        #expect(
            parts([mirror, slow, fast], ended: 450)
                == ["0 work 20", "0 work 10", "1 issue 10", "1 device 10", "2 device 250", "0 back 50"])
        // The first is done before the other has it.
        (slow.done, fast.issued) = (200, 250)
        #expect(
            parts([mirror, slow, fast], ended: 450)
                == ["0 work 20", "0 work 10", "1 issue 10", "1 device 60", "2 issue 50", "2 device 150", "0 back 50"])
    }

    /// A stripe goes on giving away its chunks while the first are with a disk.
    @Test func aDiskThatHasARequestIsNoWorkOfTheLayer() {
        var stripe = LayerPassage(device: DeviceNumber(major: 9, minor: 0))
        stripe.entered = 100
        var one = LayerPassage(device: DeviceNumber(major: 259, minor: 0))
        (one.entered, one.firstIssued, one.issued, one.done, one.giver) = (110, 120, 290, 440, 0)
        var other = LayerPassage(device: DeviceNumber(major: 259, minor: 1))
        (other.entered, other.firstIssued, other.issued, other.done, other.giver) = (200, 210, 300, 400, 0)
        #expect(
            parts([stripe, one, other], ended: 450) == ["0 work 10", "0 work 10", "1 device 320", "0 back 10"])
    }

    @Test func oneDeviceHasNoParts() {
        var disk = LayerPassage(device: DeviceNumber(major: 259, minor: 0))
        (disk.entered, disk.issued, disk.done) = (100, 110, 400)
        #expect(parts([disk], ended: 450) == [])
    }

    /// raid5 makes bios of its own for its stripes, and has no requests: all of it is one part, up to its end.
    @Test func aLayerWithoutRequestsHasTheIOUntilItIsDone() {
        var raid = LayerPassage(device: DeviceNumber(major: 9, minor: 1))
        (raid.entered, raid.done) = (100, 420)
        #expect(parts([raid], evenOfOne: true, ended: 450) == ["0 device 320", "0 back 30"])
        var crypt = LayerPassage(device: DeviceNumber(major: 253, minor: 1))
        crypt.entered = 60
        #expect(parts([crypt, raid], ended: 450) == ["0 work 40", "1 device 320", "0 back 30"])
    }

    /// `io.max` of a cgroup on the disk, and a chunk that the layer cuts in several requests.
    @Test func whatIsThrottledIsNoWorkOfTheLayer() {
        var volume = LayerPassage(device: DeviceNumber(major: 253, minor: 1))
        volume.entered = 100
        var disk = LayerPassage(device: DeviceNumber(major: 259, minor: 0))
        (disk.throttled, disk.entered, disk.firstIssued, disk.issued, disk.done) = (104, 300, 310, 390, 400)
        #expect(
            parts([volume, disk], ended: 450)
                == ["0 work 4", "1 throttled 196", "1 issue 10", "1 device 90", "0 back 50"])
    }

    /// A stripe over two volumes of one disk: the second one is entered last, and has no requests.
    @Test func aVolumeThatSharesItsDiskIsNotTheDisk() {
        var stripe = LayerPassage(device: DeviceNumber(major: 253, minor: 2))
        stripe.entered = 100
        var one = LayerPassage(device: DeviceNumber(major: 253, minor: 0))
        (one.entered, one.done, one.giver) = (110, 410, 0)
        var disk = LayerPassage(device: DeviceNumber(major: 259, minor: 0))
        (disk.entered, disk.firstIssued, disk.issued, disk.done, disk.giver) = (115, 120, 150, 400, 1)
        var other = LayerPassage(device: DeviceNumber(major: 253, minor: 1))
        (other.entered, other.done, other.giver) = (130, 420, 0)
        #expect(
            parts([stripe, one, disk, other], ended: 450)
                == ["0 work 10", "1 work 5", "0 work 5", "2 device 280", "0 back 50"])
        let path = LayerPath(layers: [stripe, one, disk, other])
        #expect(path.lastFollowed(from: stripe.device, []) == disk.device)
    }

    @Test func whatIsNotKnownOfALayerIsOneSpan() {
        var volume = LayerPassage(device: DeviceNumber(major: 253, minor: 1))
        volume.entered = 100
        var disk = LayerPassage(device: DeviceNumber(major: 259, minor: 0))
        (disk.entered, disk.issued) = (110, 120)
        #expect(
            parts([volume, disk], ended: 450)
                == ["0 work 10", "1 issue 10", "0 not_followed 330"])
        let path = LayerPath(layers: [volume, disk])
        #expect(path.lastFollowed(from: volume.device, []) == volume.device)
        disk.done = 440
        let whole = LayerPath(layers: [volume, disk])
        #expect(whole.lastFollowed(from: volume.device, []) == disk.device)
        let own = DeviceNumber(major: 9, minor: 0)
        #expect(whole.lastFollowed(from: own, .topUnseen) == own)
        #expect(LayerPath(layers: [volume, disk], missed: 1).lastFollowed(from: own, []) == volume.device)
    }

    private func parts(_ layers: [LayerPassage], evenOfOne: Bool = false, ended: UInt64) -> [String] {
        var io = DirectIO(
            submitted: Timestamp(nanoseconds: 50), submitterThread: 1, device: layers[0].device, inode: 1, offset: 0,
            length: 4096, operation: .write, issuer: .libaio)
        io.path = LayerPath(layers: layers)
        io.times[.issued] = layers[0].entered
        io.times[.ended] = ended
        var parts: [String] = []
        LayerPart.forEach(of: io, evenOfOne: evenOfOne) {
            parts.append("\($0.place) \($0.phase.rawValue) \($1)")
        }
        #expect(layers.count < 2 || LayerPart.sum(of: io) == ended - layers[0].entered)
        return parts
    }
}

extension LayerPart {
    fileprivate static func sum(of io: DirectIO) -> UInt64 {
        var sum: UInt64 = 0
        forEach(of: io) { sum += $1 }
        return sum
    }
}
