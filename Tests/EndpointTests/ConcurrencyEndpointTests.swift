// Concurrent requests: what may happen once happens once.

import TestSupport
import Testing

@Suite(.serialized) struct ConcurrencyEndpointTests {
    /// No limits by network, so that all concurrent requests reach the code under test.
    let home = Home(settings: "limit_verify_per_ip = off\nlimit_send_per_ip = off")

    private func verify(_ code: String, times: Int) -> [Int] {
        inParallel(times) { [home] _ in
            home.verify(code).status
        }
    }

    @Test func fiftyRightCodesSignInOnce() {
        let statuses = verify(home.mailedCode(), times: 50)
        #expect(statuses.filter { $0 == 200 }.count == 1)
        #expect(statuses.filter { $0 == 400 }.count == 49)
        #expect(home.number("SELECT count(*) FROM users") == 1)
        #expect(home.number("SELECT count(*) FROM sessions") == 1)
    }

    @Test func fiftyWrongCodesLeaveNoRoomForTheRightOne() {
        let code = home.mailedCode()
        let wrong = code.hasPrefix("0") ? "1" + code.dropFirst() : "0" + code.dropFirst()
        #expect(verify(wrong, times: 50).allSatisfy { $0 == 400 })
        #expect(home.number("SELECT attempts FROM challenges") == 5)
        #expect(verify(code, times: 1) == [400])
    }

    @Test func ofFiftyGuessesAtOnceThirtyAreLetThroughAndFiveCompared() {
        let home = Home()
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        let code = home.code(for: "ada@example.com")
        let wrong = code.hasPrefix("0") ? "1" + code.dropFirst() : "0" + code.dropFirst()
        let statuses = inParallel(50) { _ in
            home.post("verify-code", #"{"email":"ada@example.com","code":"\#(wrong)"}"#).status
        }
        #expect(statuses.filter { $0 == 400 }.count == 30)
        #expect(statuses.filter { $0 == 429 }.count == 20)
        #expect(home.number("SELECT attempts FROM challenges") == 5)
    }

    @Test func fiftyRefreshesWithOneTokenGetOneSuccessor() {
        // Long enough for a busy machine to run fifty.
        let home = Home(settings: "refresh_grace = 1h\n")
        let ada = home.signIn("ada@example.com")
        let answers = inParallel(50) { _ in home.refresh(ada.refreshToken, of: ada.id) }
        #expect(answers.allSatisfy { $0.status == 200 })
        let successors = Set(answers.map { $0.field("refresh_token") })
        #expect(successors.count == 1)
        #expect(home.refresh(successors.first ?? "", of: ada.id).status == 200)
    }

    @Test func manyFirstRequestsAgreeOnOneHome() {
        for _ in 0..<5 {
            let home = Home()
            let statuses = inParallel(8) { index in
                home.post("send-code", #"{"email":"user\#(index)@example.com"}"#).status
            }
            #expect(statuses == Array(repeating: 202, count: 8))
            #expect(home.number("SELECT count(*) FROM challenges") == 8)
            #expect(home.signIn("late@example.com").project.utf8.count == 36)
            #expect(
                home.post("verify-code", #"{"email":"user3@example.com","code":"\#(home.code(for: "user3@example.com"))"}"#)
                    .status == 200)
        }
    }

    @Test func fiftyFirstMailsToOneAddressAreOne() {
        let statuses = inParallel(50) { [home] _ in
            home.post("send-code", #"{"email":"ada@example.com"}"#).status
        }
        #expect(statuses.filter { $0 == 202 }.count == 1)
        #expect(statuses.filter { $0 == 429 }.count == 49)
    }
}
