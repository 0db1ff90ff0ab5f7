// One account creates as much as it can for some seconds, while others read and write. Tests/Torture/flood.py runs the whole
// test, through servers and for ten minutes.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct FloodEndpointTests {
    private let tables = ["projects", "members", "api_keys", "invitations", "mail_items", "limit_counts", "audit_events"]

    private func rows(_ home: Home) -> [Int64] { tables.map { home.count("SELECT count(*) FROM \($0)") } }

    private func bytes(_ home: Home) -> Int {
        ((try? TestDatabase.files(of: home.path)) ?? []).reduce(0) { sum, path in
            let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            return sum + (size ?? 0)
        }
    }

    private func p99(_ times: [Double]) -> Double {
        let sorted = times.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * 0.99))]
    }

    /// Reads and writes of `person` for `seconds`: the milliseconds of each, and every status other than 200.
    private func others(_ person: Person, _ home: Home, for seconds: Double) -> (reads: [Double], writes: [Double], faults: [Int])
    {
        var (reads, writes, faults): ([Double], [Double], [Int]) = ([], [], [])
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            let start = Date()
            let read = home.get("current-user", person.bearer).status
            let middle = Date()
            let write = home.patch("update-user", #"{"full_name":"A"}"#, person.bearer)
                .status
            reads.append(middle.timeIntervalSince(start) * 1000)
            writes.append(Date().timeIntervalSince(middle) * 1000)
            faults += [read, write].filter { $0 != 200 }
            // The limit is 60 writes in ten seconds.
            Thread.sleep(forTimeInterval: 0.25)
        }
        return (reads, writes, faults)
    }

    /// `inParallel` on new threads: a queue has few, and running a program takes one more.
    private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> [Int: Int]) -> [[Int: Int]] {
        let (lock, done) = (NSLock(), DispatchSemaphore(value: 0))
        nonisolated(unsafe) var results: [[Int: Int]] = []
        for index in 0..<count {
            Thread.detachNewThread {
                let result = body(index)
                lock.withLock { results.append(result) }
                done.signal()
            }
        }
        for _ in 0..<count { done.wait() }
        return results
    }

    @Test func oneAccountThatMakesAsMuchAsItCanMakesLittleAndHoldsNobodyUp() {
        // The quota is for ten seconds, and the bounds are those of ten minutes, scaled down to match.
        let home = Home(
            settings: """
                limit_write_per_user = 60/10s
                max_projects_per_user = 5
                max_keys_per_member = 10
                max_keys_per_project = 10
                max_invitations_per_project = 5
                limit_invite_per_user = off
                limit_send_per_ip = off

                """)
        let (mallory, bob) = (home.signIn("mallory@example.com"), home.signIn("bob@example.com"))
        let calm = others(bob, home, for: 2)
        let (before, bytesBefore) = (rows(home), bytes(home))
        let seconds = 8.0
        let end = Date().addingTimeInterval(seconds)
        let name = String(repeating: "🔥", count: 255)
        let scopes = (0..<64).map { "\"\($0):\(String(repeating: "a", count: 120))\"" }.joined(separator: ",")
        let results = onThreads(3) { index -> [Int: Int] in
            var statuses: [Int: Int] = [:]
            if index == 0 {
                let stormy = others(bob, home, for: seconds)
                statuses[-1] = Int(p99(stormy.reads))
                statuses[-2] = Int(p99(stormy.writes))
                for fault in stormy.faults { statuses[-fault - 1000, default: 0] += 1 }
                return statuses
            }
            var turn = 0
            while Date() < end {
                turn += 1
                let answers = [
                    home.post("create-project", #"{"name":"\#(name)"}"#, mallory.bearer),
                    home.post("create-api-key", #"{"name":"\#(name)","scopes":[\#(scopes)]}"#, mallory.onProject),
                    home.post(
                        "add-member", #"{"email":"guest\#(index)-\#(turn)@example.com"}"#,
                        mallory.bearer.merging(["PATH_INFO": "/\(mallory.project)/members"]) { $1 }),
                    home.post(
                        "update-project", #"{"name":"\#(name)"}"#,
                        mallory.bearer.merging(["PATH_INFO": "/\(mallory.project)", "REQUEST_METHOD": "PATCH"]) { $1 }),
                ]
                for answer in answers {
                    statuses[answer.status, default: 0] += 1
                    if answer.status == 429 {
                        #expect(answer.header("Retry-After") != nil && answer.header("RateLimit") != nil)
                        #expect(answer.header("RateLimit-Policy") == "\"write-user\";q=60;w=10")
                    }
                }
            }
            return statuses
        }
        var statuses: [Int: Int] = [:]
        for result in results { statuses.merge(result) { $0 + $1 } }
        let reads = statuses.removeValue(forKey: -1) ?? 0
        let writes = statuses.removeValue(forKey: -2) ?? 0
        let faults = statuses.filter { $0.key <= -1000 }
        for fault in faults { statuses[fault.key] = nil }
        let made: [Int64] = zip(rows(home), before).map { (after: Int64, before: Int64) -> Int64 in after - before }
        var total: Int64 = 0
        var requests = 0
        for count in made { total += count }
        for count in statuses.values { requests += count }
        let byTable = zip(tables, made).map { "\($0): \($1)" }.joined(separator: ", ")
        let (grown, gateway) = (bytes(home) - bytesBefore, isFastCGI ? "FastCGI" : "CGI")
        print("flood by \(gateway): \(Double(requests) / seconds) requests/s, answers \(statuses)")
        print("flood by \(gateway): \(Double(total) / seconds) rows/s, \(byTable); \(Double(grown) / seconds / 1024) KiB/s")
        print("flood by \(gateway): others' p99 of reads \(p99(calm.reads)) ms before, \(reads) ms during")
        print("flood by \(gateway): others' p99 of writes \(p99(calm.writes)) ms before, \(writes) ms during")
        #expect(faults.isEmpty && calm.faults.isEmpty, "\(faults)")
        #expect(Set(statuses.keys).isSubset(of: [200, 201, 409, 429]))
        #expect(statuses[409] != nil && statuses[429] != nil)
        let id = mallory.id.filter { $0 != "-" }
        #expect(home.count("SELECT count(*) FROM members WHERE user_id = x'\(id)'") <= 5)
        #expect(home.number("SELECT count(*) FROM api_keys") <= 10)
        #expect(home.number("SELECT count(*) FROM invitations") <= 5)
        // Changes, with their rows in audit log, outbox and counts; and records of refusals, which are bounded too.
        #expect(total <= 640)
        #expect(home.get("current-user", mallory.bearer).body.utf8.count < 20_000)
    }
}
