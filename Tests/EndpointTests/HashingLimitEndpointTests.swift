// The limiter before Argon2: a client that finds no place, or no memory, is told to retry and loses nothing.

import Foundation
import Platform
import TestSupport
import Testing

@Suite(.serialized) struct HashingLimitEndpointTests {
    private let home = Home(settings: "argon2_slots = 1\nresend_after = 0s")

    private func body(_ code: String) -> String { #"{"email":"ada@example.com","code":"\#(code)"}"# }

    @Test func whoFindsNoPlaceInTimeHasLostNothing() throws {
        let eve = home.signIn("eve@example.com")
        let code = home.mailedCode()
        let counted = home.number("SELECT sum(count) FROM limit_counts")
        var taken = try SlotLock(waitingFor: "\(home.path)/argon2.lock", slots: 1, atMost: .seconds(0))
        #expect(taken != nil)
        let start = Date()
        let answers = inParallel(3) { [home] index in
            index == 0
                ? home.post("send-code", #"{"email":"new@example.com"}"#) : home.verify(code)
        }
        #expect(Date().timeIntervalSince(start) < 15)
        for answer in answers {
            #expect(answer.status == 503)
            #expect(answer.code == "temporarily_unavailable" && answer.header("Retry-After") == "2")
        }
        // Other requests are served meanwhile.
        #expect(home.get("current-user", eve.bearer).status == 200)
        #expect(home.number("SELECT attempts FROM challenges WHERE email = 'ada@example.com'") == 0)
        #expect(home.number("SELECT sum(count) FROM limit_counts") == counted)
        #expect(home.number("SELECT count(*) FROM challenges") == 2)
        taken = nil
        #expect(home.verify(code).status == 200)
    }

    @Test func whoWaitsIsServedWhenAPlaceIsFree() throws {
        let code = home.mailedCode()
        var taken = try SlotLock(waitingFor: "\(home.path)/argon2.lock", slots: 1, atMost: .seconds(0))
        #expect(taken != nil)
        let text = body(code)
        let program = home.start("verify-code", ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(text.utf8.count)])
        let semaphore = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var status = 0
        // A new thread: all task threads may be waiting in other tests.
        Thread.detachNewThread {
            status = Answer(program.finish(Array(text.utf8)).output).status
            semaphore.signal()
        }
        Thread.sleep(forTimeInterval: 0.3)
        taken = nil
        #expect(semaphore.wait(timeout: .now() + 30) == .success)
        #expect(status == 200)
    }

    @Test func withoutMemoryTheRightCodeIsNotWrongAndCostsNothing() {
        let code = home.mailedCode()
        let text = body(code)
        var statuses: [Int] = []
        for kilobytes in stride(from: 2000, through: 40000, by: 1000) {
            let result = Program(
                "/bin/sh", ["-c", "ulimit -v \(kilobytes); exec \"$0\"", "\(executables)/verify-code"],
                environment: [
                    "LATCHKEY_HOME": home.path, "REMOTE_ADDR": "192.0.2.7", "REQUEST_METHOD": "POST",
                    "CONTENT_LENGTH": String(text.utf8.count),
                ]
            ).finish(Array(text.utf8))
            // Too little memory for the process itself: nothing can answer.
            if result.output.isEmpty { continue }
            statuses.append(Answer(result.output).status)
            if statuses.last == 200 { break }
            #expect([500, 503].contains(statuses.last), "\(kilobytes): \(statuses)")
            #expect(home.number("SELECT attempts FROM challenges") == 0, "\(kilobytes)")
        }
        #expect(statuses.last == 200)
        #expect(statuses.filter { $0 == 503 }.count > 3, "\(statuses)")
    }
}
