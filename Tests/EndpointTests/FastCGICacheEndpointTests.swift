// What a FastCGI process remembers, and what it checks again for every request.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct FastCGICacheEndpointTests {
    let home = Home(settings: "resend_after = 0s")

    @Test func changedSettingsAreSeen() {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("current-user")
        func set(_ text: String) { try! text.write(toFile: "\(home.path)/latchkey.conf", atomically: true, encoding: .utf8) }
        #expect(process.ask(ada.getRequest).answer.status == 200)
        for _ in 0..<2 {
            set("base_url = https://other.example.com\n")
            #expect(process.ask(ada.getRequest).answer.code == "invalid_token")
            set("nonsense")
            #expect(process.ask(ada.getRequest).answer.code == "internal_error")
            set("# as before")
            #expect(process.ask(ada.getRequest).answer.status == 200)
            // Long enough for the process to remember the settings; the edit is in place, of the same length.
            Thread.sleep(forTimeInterval: 2.1)
            #expect(process.ask(ada.getRequest).answer.status == 200)
            #expect(process.ask(ada.getRequest).answer.status == 200)
            try! FileHandle(forWritingTo: URL(filePath: "\(home.path)/latchkey.conf")).write(contentsOf: Array("x".utf8))
            #expect(process.ask(ada.getRequest).answer.code == "internal_error")
            home.remove("latchkey.conf")
            #expect(process.ask(ada.getRequest).answer.status == 200)
        }
        chmod(home.path, 0o755)
        #expect(process.ask(ada.getRequest).answer.status == 500)
        chmod(home.path, 0o700)
        #expect(process.ask(ada.getRequest).answer.status == 200)
        // A web root that contains the state is refused, whatever was accepted before.
        let inRoot = ada.getRequest.merging(["DOCUMENT_ROOT": home.path]) { $1 }
        #expect(process.ask(inRoot).answer.status == 500)
        #expect(process.ask(ada.getRequest).answer.status == 200)
    }

    @Test(.enabled(if: !isPostgreSQL, "SQLite's keys are files; changedKeysInTheStoreAreSeen has the rule"))
    func changedKeysAndSecretAreSeen() throws {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("current-user")
        let refresh = home.processes("refresh-token")
        let body = #"{"refresh_token":"\#(ada.refreshToken)","user_uuid":"\#(ada.id)"}"#
        // From now on the token is not its session's newest, which is accepted without its key.
        #expect(refresh.ask(postRequest(body), body: body).answer.status == 200)
        // Long enough for the key to be remembered.
        Thread.sleep(forTimeInterval: 2.1)
        for _ in 0..<3 { #expect(process.ask(ada.getRequest).answer.status == 200) }
        let name = try String(contentsOfFile: "\(home.path)/keys/current", encoding: .utf8)
        let file = "\(home.path)/keys/\(name).key"
        let key = try Data(contentsOf: URL(filePath: file))
        unlink(file)
        #expect(process.ask(ada.getRequest).answer.code == "invalid_token")
        try key.write(to: URL(filePath: file))
        #expect(process.ask(ada.getRequest).answer.status == 200)
        try Data(key.reversed()).write(to: URL(filePath: file))
        #expect(process.ask(ada.getRequest).answer.code == "invalid_token")
        try key.write(to: URL(filePath: file))

        #expect(refresh.ask(postRequest(body), body: body).answer.status == 200)
        let secret = try Data(contentsOf: URL(filePath: "\(home.path)/secret.key"))
        try Data(secret.reversed()).write(to: URL(filePath: "\(home.path)/secret.key"))
        #expect(refresh.ask(postRequest(body), body: body).answer.code == "invalid_refresh_token")
        unlink("\(home.path)/secret.key")
        #expect(refresh.ask(postRequest(body), body: body).answer.code == "internal_error")
        try secret.write(to: URL(filePath: "\(home.path)/secret.key"))
        #expect(refresh.ask(postRequest(body), body: body).answer.status == 200)
    }

    @Test(.enabled(if: isPostgreSQL, "SQLite's keys are files"))
    func changedKeysInTheStoreAreSeen() throws {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("current-user")
        let refresh = home.processes("refresh-token")
        let body = #"{"refresh_token":"\#(ada.refreshToken)","user_uuid":"\#(ada.id)"}"#
        // From now on the token is not its session's newest, which is accepted without its key.
        #expect(refresh.ask(postRequest(body), body: body).answer.status == 200)
        for _ in 0..<3 { #expect(process.ask(ada.getRequest).answer.status == 200) }
        let change = "UPDATE store_state SET key_number = key_number + 1; UPDATE token_keys SET "
        let end = Int64(Date.now.timeIntervalSince1970 * 1000)
        for (values, isGood) in [
            ("is_current = 0, ends_at = \(end + 60_000)", true), ("ends_at = \(end - 1)", false), ("ends_at = NULL", false),
            ("is_current = 1", true),
        ] {
            home.sql(change + values)
            #expect((process.ask(ada.getRequest).answer.status == 200) == isGood, "\(values)")
        }
        // A row that was changed or put in another's place is a fault, and no key.
        home.sql(change + "sealed = substr(sealed, 1, 107) || '\\x00'::bytea")
        #expect(process.ask(ada.getRequest).answer.status == 500)
    }

    @Test(.enabled(if: isPostgreSQL, "SQLite's file is replaced instead"))
    func aStoreThatIsClosedNewerOrGoneIsUnavailable() throws {
        let ada = home.signIn("ada@example.com")
        let (reads, writes) = (home.processes("current-user"), home.processes("update-user"))
        let body = #"{"full_name":"Ada"}"#
        let change = ada.bearer.merging(postRequest(body)) { $1 }.merging(["REQUEST_METHOD": "PATCH"]) { $1 }
        func statuses() -> [Int] { [reads.ask(ada.getRequest).answer.status, writes.ask(change, body: body).answer.status] }
        #expect(statuses() == [200, 200])
        for (fault, repair) in [
            ("closure = 1", "closure = 0"), ("closure = 2", "closure = 0"), ("schema_number = 10", "schema_number = 9"),
        ] {
            home.sql("UPDATE store_state SET \(fault)")
            #expect(statuses() == [503, 503], "\(fault)")
            home.sql("UPDATE store_state SET \(repair)")
            #expect(statuses() == [200, 200], "\(fault)")
        }
        // Another store that belongs to another secret.
        home.sql("UPDATE store_state SET secret_fingerprint = '\\x00'::bytea, epoch = 77")
        #expect(statuses() == [503, 503])
    }

    @Test func whatEndsInTheDatabaseEndsAtOnceInAWarmProcess() {
        let (ada, eve) = (home.signIn("ada@example.com"), home.signIn("eve@example.com"))
        let process = home.processes("current-user", count: 2)
        for _ in 0..<6 { for person in [ada, eve] { #expect(process.ask(person.getRequest).answer.status == 200) } }
        #expect(home.post("revoke-token", #"{"refresh_token":"\#(ada.refreshToken)"}"#).status == 200)
        for _ in 0..<6 { #expect(process.ask(ada.getRequest).answer.code == "invalid_token") }
        home.sql("UPDATE users SET is_active = 0")
        for _ in 0..<6 { #expect(process.ask(eve.getRequest).answer.code == "account_inactive") }
        home.sql("UPDATE users SET is_active = 1, full_name = 'E'")
        for _ in 0..<6 { #expect(process.ask(eve.getRequest).answer.field("full_name") == "E") }
    }

    @Test func aRememberedTokenEndsWhenItExpires() {
        let ada = home.signIn("ada@example.com", ["LATCHKEY_ACCESS_TTL": "4s"])
        let process = home.processes("current-user")
        let start = Date()
        #expect(process.ask(ada.getRequest).answer.status == 200)
        while Date().timeIntervalSince(start) < 5 {
            if Date().timeIntervalSince(start) < 2 { #expect(process.ask(ada.getRequest).answer.status == 200) }
            Thread.sleep(forTimeInterval: 0.1)
        }
        #expect(process.ask(ada.getRequest).answer.code == "invalid_token")
    }

    /// The cache has one slot for a token's hash: a token with one changed letter is not the verified one.
    @Test func onlyTheVeryTokenIsRemembered() {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("current-user")
        #expect(process.ask(ada.getRequest).answer.status == 200)
        let token = Array(ada.accessToken.utf8)
        for index in stride(from: 0, to: token.count, by: 7) {
            var other = token
            other[index] = other[index] == 0x41 ? 0x42 : 0x41
            if other == token { continue }
            let answer = process.ask([
                "REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": "Bearer \(String(decoding: other, as: UTF8.self))",
            ])
            #expect(answer.answer.code == "invalid_token", "\(index)")
        }
        #expect(process.ask(ada.getRequest).answer.status == 200)
    }

    @Test(.enabled(if: !isPostgreSQL, "SQLite's file is replaced; aStoreThatIsClosedNewerOrGoneIsUnavailable has the rule"))
    func aReplacedDatabaseIsOpenedAndANewerOneIsLeftAlone() throws {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("current-user")
        #expect(process.ask(ada.getRequest).answer.status == 200)
        home.sql("VACUUM INTO '\(home.path)/backup.db'")
        home.sql("UPDATE users SET full_name = 'later'")
        #expect(process.ask(ada.getRequest).answer.field("full_name") == "later")
        for suffix in ["-wal", "-shm"] { unlink("\(home.path)/latchkey.db\(suffix)") }
        #expect(rename("\(home.path)/backup.db", "\(home.path)/latchkey.db") == 0)
        let restored = process.ask(ada.getRequest).answer
        #expect(restored.status == 200 && restored.body.contains(#""full_name":null"#))
        try TestDatabase.setSchemaNumber(1000, in: home.path)
        #expect(process.ask(ada.getRequest).answer.status == 503)
        try TestDatabase.setSchemaNumber(9, in: home.path)
        #expect(process.ask(ada.getRequest).answer.status == 200)
        for suffix in ["", "-wal", "-shm"] { unlink("\(home.path)/latchkey.db\(suffix)") }
        // CGI does the same: no new, empty database replaces it.
        #expect(process.ask(ada.getRequest).answer.code == "temporarily_unavailable")
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/latchkey.db"))
    }

    /// `latchkey restore` and `secret rotate` begin a new epoch; work in the old epoch is refused.
    @Test func anEpochThatBeganIsSeen() throws {
        let ada = home.signIn("ada@example.com")
        let process = home.processes("refresh-token")
        var token = ada.refreshToken
        for epoch in [0, 7, 8] {
            if epoch > 0 { try TestDatabase.setEpoch(Int64(epoch), in: home.path) }
            let body = "{\"refresh_token\":\"\(token)\",\"user_uuid\":\"\(ada.id)\"}"
            let answer = process.ask(postRequest(body), body: body).answer
            #expect(answer.status == 200)
            token = answer.field("refresh_token")
        }
    }

    @Test func aKeyIsGoodWhileOthersWriteAndItsUseIsNotedLater() {
        for mode in isPostgreSQL ? ["wal"] : ["wal", "delete"] {
            let home = Home(settings: isPostgreSQL ? "" : "journal = \(mode)")
            let key = home.createKey(by: home.signIn("ada@example.com"))
            let process = FastCGIProcesses(
                "\(executables)/latchkey-fcgi", environment: ["LATCHKEY_HOME": home.path], endpoint: "verify-api-key")
            let variables = ["HTTP_X_API_KEY": key.secret, "REQUEST_METHOD": "GET"]
            let noted = { home.number("SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL") }
            for _ in 0..<2 { #expect(process.ask(variables).answer.status == 200) }
            #expect(noted() == 1)
            home.sql("UPDATE api_keys SET last_used_at = NULL")
            if mode == "wal" {
                let holder = ExclusiveLock(home)
                #expect(process.ask(variables).answer.status == 200)
                holder.release()
                #expect(noted() == 0)
            }
            #expect(process.ask(variables).answer.status == 200)
            #expect(noted() == 1)
            // The process leaves nothing open that would block other writers.
            home.sql("UPDATE api_keys SET last_used_at = NULL")
        }
    }
}
