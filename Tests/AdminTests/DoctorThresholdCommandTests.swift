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
        expect(
            Report.judgeEntropy(isReady: true, hasDevice: true), .ok, "random numbers: the kernel provides them without waiting")
        expect(
            Report.judgeEntropy(isReady: true, hasDevice: false), .warning,
            "random numbers: /dev/urandom does not exist "
                + "Mount /dev. Latchkey does not need it, but mail commands may.")
        expect(
            Report.judgeEntropy(isReady: false, hasDevice: true), .fault,
            "random numbers: the kernel has none yet: requests have to wait "
                + "Wait. In a virtual machine, add a virtio random device.")
    }

    @Test func room() {
        let advice = "Free some space. On a full disk, sign-ins are answered with 503."
        expect(Report.judgeSpace(100 << 20), .ok, "disk: 100 MiB free for the state folder")
        expect(Report.judgeSpace((100 << 20) - 1), .warning, "disk: 99 MiB free for the state folder \(advice)")
        expect(Report.judgeSpace(10 << 20), .warning, "disk: 10 MiB free for the state folder \(advice)")
        expect(Report.judgeSpace((10 << 20) - 1), .fault, "disk: 9 MiB free for the state folder \(advice)")
        expect(Report.judgeSpace(512), .fault, "disk: 512 bytes free for the state folder \(advice)")
    }

    @Test func inodes() {
        let advice = "Delete files. Mail and the database's journal need to create new ones."
        expect(Report.judgeFiles(nil), .ok, "inodes: this file system does not count them")
        expect(Report.judgeFiles(1000), .ok, "inodes: 1000 more files can be created")
        expect(Report.judgeFiles(999), .warning, "inodes: 999 more files can be created \(advice)")
        expect(Report.judgeFiles(49), .fault, "inodes: 49 more files can be created \(advice)")
    }

    @Test func hashing() {
        expect(Report.judgeHashing(Duration(milliseconds: 250)), .ok, "argon2: hashing one code takes 250 ms and 7 MiB")
        expect(
            Report.judgeHashing(Duration(milliseconds: 251)), .warning,
            "argon2: hashing one code takes 251 ms and 7 MiB "
                + "Sign-ins wait this long. Find out what else keeps this machine busy.")
        expect(
            Report.judgeHashing(nil), .fault,
            "argon2: there is not enough memory to hash one code: 7 MiB "
                + "Give the service more memory. Until then, sign-ins are answered with 503.")
    }

    @Test func slots() {
        expect(Report.judgeSlots(nil, cores: 2), .ok, "argon2_slots: hashes 2 codes at once on 2 cores, with 14 MiB")
        expect(Report.judgeSlots(4, cores: 2), .ok, "argon2_slots: hashes 4 codes at once on 2 cores, with 28 MiB")
        expect(
            Report.judgeSlots(5, cores: 2), .warning,
            "argon2_slots: hashes 5 codes at once on 2 cores, with 35 MiB "
                + "Set argon2_slots = 2. More slots only make each hash slower, and take memory.")
    }

    @Test func clock() throws {
        let now = try #require(Timestamp(day: "2026-11-24"))
        let ok = "clock: 2026-11-24 00:00:00 UTC, later than every entry in the database"
        expect(Report.judgeClock(now: now, newest: nil), .ok, ok)
        expect(Report.judgeClock(now: now, newest: now + .minutes(1)), .ok, ok)
        expect(
            Report.judgeClock(now: now, newest: now + .minutes(2)), .fault,
            "clock: it shows 2026-11-24 00:00:00 UTC, but the database has an entry of 2026-11-24 00:02:00: "
                + "the clock is slow now, or was fast then Set the clock, and keep it synchronized (chrony, systemd-timesyncd). "
                + "Sessions and limits with a time in the future last until then.")
        expect(
            Report.judgeClock(now: Timestamp(seconds: 0), newest: nil), .fault,
            "clock: it shows 1970-01-01 00:00:00, which cannot be right "
                + "Set the clock, and keep it synchronized (chrony, systemd-timesyncd).")
    }

    #if !POSTGRESQL
    @Test func journal() {
        expect(
            Report.judgeJournal(isWAL: true, isRemote: true, wanted: nil), .warning,
            "journal: wal on a network or user-space file system (NFS, CIFS, FUSE) "
                + "Set journal = delete. WAL needs shared memory, which such file systems do not have, and may lose data.")
        expect(
            Report.judgeJournal(isWAL: false, isRemote: true, wanted: nil), .ok,
            "journal: delete on a network or user-space file system")
    }
    #endif

    @Test func address() throws {
        let local = try #require(ServiceURL("http://localhost:8000"))
        let remote = try #require(ServiceURL("https://id.example.com"))
        let inside = try #require(ServiceURL("http://192.168.1.5"))
        func judge(_ seen: String, _ isForged: Bool, _ url: ServiceURL, trusts: Bool = false) -> Finding {
            Report.judgeAddress(seen, isForged: isForged, url: url, trustsThisMachine: trusts)
        }
        expect(
            judge("198.51.100.7", false, remote), .ok,
            "client address: the service saw 198.51.100.7, and ignored a forged header")
        expect(
            judge("192.168.1.5", false, inside), .ok,
            "client address: the service saw 192.168.1.5, and ignored a forged header")
        expect(
            judge("::1", false, local), .ok,
            "client address: the service saw ::1, and ignored a forged header")
        for proxy in ["127.0.0.1", "::1", "10.0.0.2", "172.31.0.1", "fd00::1", "100.64.0.1"] {
            expect(
                judge(proxy, false, remote), .warning,
                "client address: the service saw \(proxy), which may be a proxy "
                    + "If it is your proxy, set trusted_proxies = \(proxy). Without that, all clients share the same limits.")
        }
        expect(
            judge("203.0.113.77", true, remote, trusts: true), .fault,
            "client address: the service trusts a forged X-Forwarded-For "
                + "Configure the proxy to replace this header or append to it, and list only proxies in trusted_proxies.")
        expect(
            judge("203.0.113.77", true, local, trusts: true), .warning,
            "client address: cannot be checked here: trusted_proxies contains this machine, so its X-Forwarded-For is trusted "
                + "Pass the URL that clients use, through the proxy, with --url.")
        expect(
            judge("unknown", false, remote), .fault,
            "client address: the service does not know it: unknown "
                + "Configure the web server to set REMOTE_ADDR. Until then, all clients share the same limits.")
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
