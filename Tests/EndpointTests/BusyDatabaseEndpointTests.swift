// A locked database and a full disk: the client gets an answer, and nothing changes.

import Glibc
import Platform
import TestSupport
import Testing

private let unavailable = """
    503
    \(standardHeaders)
    Retry-After: 2
    Content-Length: <count>

    {"success":false,"data":null,"error":{"code":"temporarily_unavailable","message":"The service is not available. Try again in a moment.","request_id":"<uuid>"}}
    """

@Suite(.serialized) struct BusyDatabaseEndpointTests {
    /// Everything that a refused request could have changed.
    private func state(_ home: Home) -> [Int64] {
        [
            home.number("SELECT count(*) FROM challenges"), home.number("SELECT sum(attempts) FROM challenges"),
            home.number("SELECT count(*) FROM sessions WHERE revoked_at IS NULL"),
            home.number("SELECT sum(generation) FROM sessions"), home.number("SELECT count(*) FROM api_keys"),
            home.number("SELECT count(*) FROM users"), home.number("SELECT count(*) FROM mail_items"),
        ]
    }

    @Test func writesAreToldToRetryAndReadsAreAnswered() {
        let home = Home()
        let ada = home.signIn("ada@example.com")
        _ = home.post("send-code", #"{"email":"eve@example.com"}"#)
        let code = home.code(for: "eve@example.com")
        for _ in 0..<100 where home.number("SELECT count(*) FROM mail_items") > 0 { shortPause() }
        let verify = #"{"email":"eve@example.com","code":"\#(code)"}"#
        let refresh = #"{"refresh_token":"\#(ada.refreshToken)","user_uuid":"\#(ada.id)"}"#
        let before = state(home)
        let holder = ExclusiveLock(home)
        defer { holder.release() }
        let writes = inParallel(5) { index in
            switch index {
            case 0: home.post("send-code", #"{"email":"new@example.com"}"#)
            case 1: home.post("verify-code", verify)
            case 2: home.post("refresh-token", refresh)
            case 3: home.post("revoke-token", #"{"refresh_token":"\#(ada.refreshToken)"}"#)
            default: home.post("create-api-key", #"{"name":"a"}"#, ada.onProject)
            }
        }
        for answer in writes { #expect(answer.shown == unavailable) }
        #expect(home.get("current-user", ada.bearer).status == 200)
        #expect(home.get("list-api-keys", ada.onProject).status == 200)
        holder.release()
        #expect(state(home) == before)
        // The refusal used no attempt and no token.
        #expect(home.post("verify-code", verify).status == 200)
        #expect(home.post("refresh-token", refresh).status == 200)
    }

    @Test(.enabled(if: !isPostgreSQL, "the file that keeps the order of writers is SQLite's"))
    func whoCannotHaveTheirTurnToWriteComeBack() throws {
        let home = Home()
        let ada = home.signIn("ada@example.com")
        let refresh = #"{"refresh_token":"\#(ada.refreshToken)","user_uuid":"\#(ada.id)"}"#
        let before = state(home)
        var turn: FileLock? = try FileLock(waitingFor: "\(home.path)/writing.lock")
        let start = ContinuousClock.now
        let writes = inParallel(3) { _ in home.post("refresh-token", refresh) }
        #expect(ContinuousClock.now - start >= .seconds(5) && ContinuousClock.now - start < .seconds(20) && turn != nil)
        for answer in writes { #expect(answer.shown == unavailable) }
        #expect(home.get("current-user", ada.bearer).status == 200)
        turn = nil
        #expect(state(home) == before)
        #expect(home.post("refresh-token", refresh).status == 200)
        // The lock only keeps order: writers work without it where it cannot be made.
        unlink("\(home.path)/writing.lock")
        mkdir("\(home.path)/writing.lock", 0o700)
        #expect(home.post("refresh-token", refresh).status == 200)
    }

    @Test(.enabled(if: !isPostgreSQL, "the journal is SQLite's"))
    func withARollbackJournalEvenReadsAreAskedToWait() {
        let home = Home(settings: "journal = delete")
        let ada = home.signIn("ada@example.com")
        let holder = ExclusiveLock(home)
        defer { holder.release() }
        #expect(home.get("current-user", ada.bearer).shown == unavailable)
        holder.release()
        #expect(home.get("current-user", ada.bearer).status == 200)
    }

    @Test(.enabled(if: !isPostgreSQL, "the server has the disk"))
    func aDiskThatTakesNothingMoreChangesNothing() {
        let home = Home()
        let ada = home.signIn("ada@example.com")
        for _ in 0..<100 where home.number("SELECT count(*) FROM mail_items") > 0 { shortPause() }
        let before = state(home)
        let body = #"{"email":"eve@example.com"}"#
        let result = Program(
            "/bin/sh", ["-c", #"ulimit -f 0; exec "$0""#, "\(executables)/send-code"],
            environment: [
                "LATCHKEY_HOME": home.path, "REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(body.utf8.count),
            ]
        ).finish(Array(body.utf8))
        let answer = Answer(result.output)
        #expect(answer.status == 503, "\(result.errors)")
        #expect(answer.field("request_id") == answer.header("X-Request-Id"))
        #expect(state(home) == before)
        #expect(home.post("send-code", body).status == 202)
        #expect(home.get("current-user", ada.bearer).status == 200)
    }
}
