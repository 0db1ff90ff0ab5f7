// The doctor's checks of the machine: time, random numbers, disk space, memory. Conditions that a test cannot create
// are judged by functions of numbers.

import API
import Auth
import Operations
import Platform
import Settings
import Store

extension Report {
    /// Checks that need no service.
    mutating func examineMachine() {
        add(
            Report.judgeEntropy(
                isReady: Machine.hasEntropy, hasDevice: (try? File.status("/dev/urandom")) ?? nil != nil))
        examineLimits()
    }

    static func judgeEntropy(isReady: Bool, hasDevice: Bool) -> Finding {
        if !isReady {
            return Finding(
                state: .fault, check: "random numbers", found: "the kernel has none yet: requests have to wait",
                advice: "Wait. In a virtual machine, add a virtio random device.")
        }
        if !hasDevice {
            return Finding(
                state: .warning, check: "random numbers", found: "/dev/urandom does not exist",
                advice: "Mount /dev. Latchkey does not need it, but mail commands may.")
        }
        return Finding(state: .ok, check: "random numbers", found: "the kernel provides them without waiting", advice: nil)
    }

    /// Checks this shell's limits; the web server may have others.
    private mutating func examineLimits() {
        let before = findings.count
        if let size = (try? Machine.limit("Max file size")) ?? nil, size < 1 << 30 {
            warn(
                "limits", "a file can have at most \(Report.size(size)) (ulimit -f)",
                do: "Raise the limit. If the database reaches it, requests are answered with 503.")
        }
        if let memory = (try? Machine.limit("Max address space")) ?? nil, memory < 64 << 20 {
            warn(
                "limits", "a process can have at most \(Report.size(memory)) of memory (ulimit -v)",
                do: "Raise the limit to 64 MiB. Hashing a code takes \(Operations.hashingMemory / 1024) MiB in addition to the "
                    + "program.")
        }
        if let processes = (try? Machine.limit("Max processes")) ?? nil, processes < 64 {
            warn(
                "limits", "there can be at most \(processes) processes (ulimit -u)",
                do: "Raise the limit. Each request and each delivery of mail is a process.")
        }
        if findings.count == before { ok("limits", "this shell's limits are high enough") }
    }

    /// Checks the free space and the free files.
    mutating func examineRoom(in state: StateFolder) {
        do throws(SystemError) {
            add(Report.judgeSpace(try File.freeSpace(at: state.path)))
            add(Report.judgeFiles(try Machine.freeFiles(at: state.path)))
        } catch {
            fault("disk", error.description, do: "Check that the file system is mounted and readable.")
        }
    }

    static func judgeSpace(_ bytes: Int64) -> Finding {
        let (warning, fault): (Int64, Int64) = (100 << 20, 10 << 20)
        let found = "\(size(bytes)) free for the state folder"
        return Finding(
            state: bytes < fault ? .fault : bytes < warning ? .warning : .ok, check: "disk", found: found,
            advice: bytes < warning ? "Free some space. On a full disk, sign-ins are answered with 503." : nil)
    }

    static func judgeFiles(_ count: Int64?) -> Finding {
        let (warning, fault): (Int64, Int64) = (1000, 50)
        guard let count else {
            return Finding(state: .ok, check: "inodes", found: "this file system does not count them", advice: nil)
        }
        return Finding(
            state: count < fault ? .fault : count < warning ? .warning : .ok, check: "inodes",
            found: "\(count) more files can be created",
            advice: count < warning ? "Delete files. Mail and the database's journal need to create new ones." : nil)
    }

    /// Checks the cost of a code's hash, and how many are hashed at once.
    mutating func examineHashing(_ configuration: Configuration) {
        // The shortest time is the true cost; others include the work of other processes.
        add(Report.judgeHashing((0..<3).compactMap { _ in Operations.timeOfHashing() }.min()))
        add(Report.judgeSlots(configuration.policy.argon2Slots, cores: Environment.coreCount))
    }

    static func judgeHashing(_ time: Duration?) -> Finding {
        let memory = "\(Operations.hashingMemory / 1024) MiB"
        guard let time else {
            return Finding(
                state: .fault, check: "argon2", found: "there is not enough memory to hash one code: \(memory)",
                advice: "Give the service more memory. Until then, sign-ins are answered with 503.")
        }
        let isSlow = time > Duration(milliseconds: 250)
        return Finding(
            state: isSlow ? .warning : .ok, check: "argon2",
            found: "hashing one code takes \(time.milliseconds) ms and \(memory)",
            advice: isSlow ? "Sign-ins wait this long. Find out what else keeps this machine busy." : nil)
    }

    static func judgeSlots(_ slots: Int64?, cores: Int) -> Finding {
        let cores = Int64(cores)
        let slots = slots ?? cores
        let isMany = slots > 2 * cores
        return Finding(
            state: isMany ? .warning : .ok, check: "argon2_slots",
            found: "hashes \(counted(Int(slots), "code")) at once on \(counted(Int(cores), "core")), "
                + "with \(slots * Operations.hashingMemory / 1024) MiB",
            advice: isMany ? "Set argon2_slots = \(cores). More slots only make each hash slower, and take memory." : nil)
    }

    /// Compares `now` with the latest moment in the database.
    static func judgeClock(now: Timestamp, newest: Timestamp?) -> Finding {
        let advice = "Set the clock, and keep it synchronized (chrony, systemd-timesyncd)."
        guard let first = Timestamp(day: "2025-01-01"), let last = Timestamp(day: "2100-01-01"),
            first < now, now < last
        else {
            return Finding(
                state: .fault, check: "clock", found: "it shows \(now.seconds), which cannot be right",
                advice: advice)
        }
        if let newest, newest > now + .minutes(1) {
            return Finding(
                state: .fault, check: "clock",
                found: "it shows \(now.seconds) UTC, but the database has an entry of \(newest.seconds): "
                    + "the clock is slow now, or was fast then",
                advice: "\(advice) Sessions and limits with a time in the future last until then.")
        }
        return Finding(
            state: .ok, check: "clock", found: "\(now.seconds) UTC, later than every entry in the database", advice: nil)
    }

    /// `512 bytes`, `12 KiB`, `3 MiB`, `40 GiB`, rounded down.
    static func size(_ bytes: Int64) -> String {
        if bytes >= 10 << 30 { return "\(bytes >> 30) GiB" }
        if bytes >= 1 << 20 { return "\(bytes >> 20) MiB" }
        return bytes >= 1 << 10 ? "\(bytes >> 10) KiB" : "\(bytes) bytes"
    }
}
