// Functions of numbers decide what a test cannot cause: a full disk, another machine's file system, a slow processor, a proxy.

import API
import Auth
import Platform
import Settings
import Store
import Testing

@testable import latchkey

@Suite struct DoctorThresholdCommandTests {
    private func expect(
        _ finding: Finding, _ state: Finding.State, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let advice = finding.advice.map { " \($0)" } ?? ""
        #expect(finding.state == state, sourceLocation: sourceLocation)
        #expect("\(finding.check): \(finding.found)\(advice)" == text, sourceLocation: sourceLocation)
        #expect((finding.advice == nil) == (state == .ok), sourceLocation: sourceLocation)
    }

    @Test func randomNumbers() {
        expect(Report.judgeEntropy(isReady: true, hasDevice: true), .ok, "random numbers: the kernel gives them at once")
        expect(
            Report.judgeEntropy(isReady: true, hasDevice: false), .warning,
            "random numbers: /dev/urandom is not there Mount /dev; Latchkey itself does without, mail commands may not.")
        expect(
            Report.judgeEntropy(isReady: false, hasDevice: true), .fault,
            "random numbers: the kernel has none yet: requests wait "
                + "Wait; in a virtual machine, give it a virtio random device.")
    }

    @Test func room() {
        let advice = "Make room: a full disk answers sign-ins with 503."
        expect(Report.judgeSpace(100 << 20), .ok, "disk: 100 MiB free for the state")
        expect(Report.judgeSpace((100 << 20) - 1), .warning, "disk: 99 MiB free for the state \(advice)")
        expect(Report.judgeSpace(10 << 20), .warning, "disk: 10 MiB free for the state \(advice)")
        expect(Report.judgeSpace((10 << 20) - 1), .fault, "disk: 9 MiB free for the state \(advice)")
        expect(Report.judgeSpace(512), .fault, "disk: 512 bytes free for the state \(advice)")
    }

    @Test func inodes() {
        let advice = "Delete files: mail and the journal need new ones."
        expect(Report.judgeFiles(nil), .ok, "inodes: this file system does not count them")
        expect(Report.judgeFiles(1000), .ok, "inodes: 1000 files can still be made")
        expect(Report.judgeFiles(999), .warning, "inodes: 999 files can still be made \(advice)")
        expect(Report.judgeFiles(49), .fault, "inodes: 49 files can still be made \(advice)")
    }

    @Test func hashing() {
        expect(Report.judgeHashing(Duration(milliseconds: 250)), .ok, "argon2: one code takes 250 ms and 7 MiB")
        expect(
            Report.judgeHashing(Duration(milliseconds: 251)), .warning,
            "argon2: one code takes 251 ms and 7 MiB "
                + "Sign-ins wait for it; look for what else keeps this machine busy.")
        expect(
            Report.judgeHashing(nil), .fault,
            "argon2: there is no memory for one code: 7 MiB "
                + "Give the service more memory; until then sign-ins are answered with 503.")
    }

    @Test func slots() {
        expect(Report.judgeSlots(nil, cores: 2), .ok, "argon2_slots: 2 codes at once on 2 cores, in 14 MiB")
        expect(Report.judgeSlots(4, cores: 2), .ok, "argon2_slots: 4 codes at once on 2 cores, in 28 MiB")
        expect(
            Report.judgeSlots(5, cores: 2), .warning,
            "argon2_slots: 5 codes at once on 2 cores, in 35 MiB "
                + "Set argon2_slots = 2: more only makes each slower, and takes memory.")
    }

    @Test func clock() throws {
        let now = try #require(Timestamp(day: "2026-11-24"))
        let ok = "clock: 2026-11-24 00:00:00 UTC, later than all that was noted"
        expect(Report.judgeClock(now: now, newest: nil), .ok, ok)
        expect(Report.judgeClock(now: now, newest: now + .minutes(1)), .ok, ok)
        expect(
            Report.judgeClock(now: now, newest: now + .minutes(2)), .fault,
            "clock: it says 2026-11-24 00:00:00 UTC, but the service has worked at 2026-11-24 00:02:00: "
                + "it is behind, or was ahead Set the clock, and have it kept (chrony, systemd-timesyncd). "
                + "Sessions and limits of a time to come last until then.")
        expect(
            Report.judgeClock(now: Timestamp(seconds: 0), newest: nil), .fault,
            "clock: it says 1970-01-01 00:00:00, which cannot be "
                + "Set the clock, and have it kept (chrony, systemd-timesyncd).")
    }

    @Test func journal() {
        expect(
            Report.judgeJournal(isWAL: true, isRemote: true, wanted: nil), .warning,
            "journal: wal on a file system of another machine or a program (NFS, CIFS, FUSE) "
                + "Set journal = delete: such file systems share no memory, and WAL may lose data.")
        expect(
            Report.judgeJournal(isWAL: false, isRemote: true, wanted: nil), .ok,
            "journal: delete on a file system of another machine")
    }

    @Test func address() throws {
        let local = try #require(ServiceURL("http://localhost:8000"))
        let remote = try #require(ServiceURL("https://id.example.com"))
        let inside = try #require(ServiceURL("http://192.168.1.5"))
        func judge(_ seen: String, _ isForged: Bool, _ url: ServiceURL, trusts: Bool = false) -> Finding {
            Report.judgeAddress(seen, isForged: isForged, url: url, trustsThisMachine: trusts)
        }
        expect(
            judge("198.51.100.7", false, remote), .ok,
            "client address: the service saw 198.51.100.7, and believed no made-up header")
        expect(
            judge("192.168.1.5", false, inside), .ok,
            "client address: the service saw 192.168.1.5, and believed no made-up header")
        expect(
            judge("::1", false, local), .ok,
            "client address: the service saw ::1, and believed no made-up header")
        for proxy in ["127.0.0.1", "::1", "10.0.0.2", "172.31.0.1", "fd00::1", "100.64.0.1"] {
            expect(
                judge(proxy, false, remote), .warning,
                "client address: the service saw \(proxy), which may be a proxy's "
                    + "If a proxy stands before it, set trusted_proxies = \(proxy), else all share their limits.")
        }
        expect(
            judge("203.0.113.77", true, remote, trusts: true), .fault,
            "client address: a made-up X-Forwarded-For is believed "
                + "Let the proxy write that header anew or add to it, and trusted_proxies name your proxies alone.")
        expect(
            judge("203.0.113.77", true, local, trusts: true), .warning,
            "client address: cannot be told here: trusted_proxies has this machine, so what it forwards is believed "
                + "Give --url the URL that clients use, which leads through the proxy.")
        expect(
            judge("unknown", false, remote), .fault,
            "client address: the service knows none: unknown "
                + "Have the web server set REMOTE_ADDR; until then all clients share their limits.")
    }

    @Test func hosts() {
        #expect(ServiceURL("https://id.example.com:8443/auth")?.host == "id.example.com")
        #expect(ServiceURL("https://id.example.com:8443/auth")?.hasPort == true)
        #expect(ServiceURL("https://id.example.com/a:b")?.hasPort == false)
        #expect(ServiceURL("http://[::1]:8000")?.isLocal == true)
        #expect(ServiceURL("http://[::1]")?.hasPort == false)
        #expect(ServiceURL("http://127.0.0.1")?.isLocal == true)
        #expect(ServiceURL("http://localhost.example.com")?.isLocal == false)
        #expect(ServiceURL("https://id.example.com/") == nil)
        #expect(ServiceURL("gopher://id.example.com") == nil)
        #expect(ServiceURL("http://127.0.0.1@example.com") == nil)
    }
}
