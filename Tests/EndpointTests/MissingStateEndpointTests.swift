// Only the first request of a new installation makes state: missing state is never silently replaced.

import Foundation
import TestSupport
import Testing

@Suite struct MissingStateEndpointTests {
    private let home = Home()

    private func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private func expectGone(_ log: String, from place: String? = nil) {
        #expect(log.contains("the state of this installation is missing from \(place ?? home.path)"), "\(log)")
    }

    @Test func aFolderThatIsGoneIsToldAndComesBack() throws {
        let ada = home.signIn("ada@example.com")
        let away = "\(home.path)-away"
        try FileManager.default.moveItem(atPath: home.path, toPath: away)
        for (name, method) in [("health", "GET"), ("current-user", "GET"), ("jwks", "GET"), ("send-code", "POST")] {
            let (answer, log) = home.run(
                name, ["REQUEST_METHOD": method, "CONTENT_LENGTH": "27"].merging(ada.bearer) { $1 },
                body: #"{"email":"bob@example.com"}"#)
            #expect(answer.status == 503 && answer.code == "temporarily_unavailable", "\(name): \(answer.status)")
            expectGone(log)
        }
        #expect(!isThere(home.path))
        try FileManager.default.moveItem(atPath: away, toPath: home.path)
        #expect(home.get("current-user", ada.bearer).status == 200)
    }

    /// A file system that is not mounted looks like this.
    @Test func anEmptyFolderInItsPlaceIsNotFilled() throws {
        let ada = home.signIn("ada@example.com")
        let away = "\(home.path)-away"
        try FileManager.default.moveItem(atPath: home.path, toPath: away)
        mkdir(home.path, 0o700)
        let (answer, log) = home.run("health", ["REQUEST_METHOD": "GET"])
        #expect(answer.status == 503)
        if isPostgreSQL {
            #expect(log.contains("secret.key is missing, but the database has one"), "\(log)")
        } else {
            expectGone(log)
        }
        // A process that has read the secret needs no folder to read from PostgreSQL.
        for name in isPostgreSQL ? [] : ["current-user", "jwks", "list-projects"] {
            #expect(home.get(name, ada.bearer).status == 503, "\(name)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.path) == [])
        rmdir(home.path)
        try FileManager.default.moveItem(atPath: away, toPath: home.path)
        #expect(home.get("current-user", ada.bearer).status == 200)
    }

    @Test func aDatabaseThatIsGoneIsNotMadeAnew() {
        let ada = home.signIn("ada@example.com")
        if isPostgreSQL {
            home.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        } else {
            for suffix in ["", "-wal", "-shm"] { unlink("\(home.path)/latchkey.db\(suffix)") }
        }
        let (answer, log) = home.run("health", ["REQUEST_METHOD": "GET"])
        #expect(answer.status == 503)
        expectGone(log, from: isPostgreSQL ? "the database" : nil)
        #expect(home.get("current-user", ada.bearer).status == 503)
        #expect(!isThere("\(home.path)/latchkey.db"))
        #expect(!isPostgreSQL || home.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0)
    }

    @Test func aDelivererMakesNoState() {
        let none = "\(home.path)-none"
        let run = Program("\(executables)/deliver-mail", environment: ["LATCHKEY_HOME": none]).finish()
        #expect(run.exitCode == 1)
        #expect(run.errors.contains("\(none) does not exist"), "\(run.errors)")
        #expect(!isThere(none))
        let empty = Home()
        let again = Program("\(executables)/deliver-mail", environment: ["LATCHKEY_HOME": empty.path]).finish()
        #expect(again.exitCode == 1)
        #expect(again.errors.contains(isPostgreSQL ? "has no secret.key" : "has no database"), "\(again.errors)")
        #expect((try? FileManager.default.contentsOfDirectory(atPath: empty.path)) == [])
    }

    @Test func executablesWithoutAHomeOfTheirOwnDeliverNothing() throws {
        let folder = "\(home.path)-installed"
        try FileManager.default.createDirectory(atPath: "\(folder)/cgi-bin", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: "\(executables)/deliver-mail", toPath: "\(folder)/cgi-bin/deliver-mail")
        #expect(Program("\(folder)/cgi-bin/deliver-mail", environment: [:]).finish().exitCode == 1)
        #expect(!isThere("\(folder)/var"))
    }

    /// For example, a server's configuration lost the line that named the folder.
    @Test func executablesThatHaveWorkedOnOneStateMakeNoOtherUntilAFolderIsNamed() throws {
        let folder = "\(home.path)-installed"
        try FileManager.default.createDirectory(atPath: "\(folder)/cgi-bin", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["health", "jwks"] {
            try FileManager.default.copyItem(atPath: "\(executables)/\(name)", toPath: "\(folder)/cgi-bin/\(name)")
        }
        func ask(_ name: String, _ variables: [String: String] = [:]) -> (answer: Answer, log: String) {
            // Without a named folder the database is that of the first one.
            let database = variables.isEmpty ? TestDatabase.variables(of: "\(folder)/state") : [:]
            let all = ["REQUEST_METHOD": "GET", "REMOTE_ADDR": "192.0.2.7"].merging(variables) { $1 }.merging(database) { $1 }
            let run = Program("\(folder)/cgi-bin/\(name)", environment: all).finish()
            return (Answer(run.output), run.errors)
        }
        #expect(ask("health", ["LATCHKEY_HOME": "\(folder)/state"]).answer.status == 200)
        for name in ["health", "jwks"] {
            let (answer, log) = ask(name)
            #expect(answer.status == 503 && answer.code == "temporarily_unavailable")
            #expect(log.contains("these executables have used \(folder)/state: name it"), "\(log)")
        }
        #expect(!isThere("\(folder)/var"))
        // An empty folder does not count as state either.
        mkdir("\(folder)/var", 0o700)
        #expect(ask("health").answer.status == 503)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/var") == [])
        // Another named folder belongs to another installation.
        #expect(ask("health", ["LATCHKEY_HOME": "\(folder)/state2"]).answer.status == 200)
        try "\(folder)/state\n".write(toFile: "\(folder)/cgi-bin/latchkey.home", atomically: true, encoding: .utf8)
        #expect(ask("health").answer.status == 200)
    }

    @Test func anotherFolderIsAnotherInstallations() {
        _ = home.signIn("ada@example.com")
        let other = Home()
        #expect(other.get("health").status == 200)
    }

    @Test func settingsOfAFarFutureAreReadLikeAny() {
        for time in [10_413_792_000.0, 9_000_000_000_000] {
            _ = FileManager.default.createFile(atPath: "\(home.path)/latchkey.conf", contents: Data("code_length = 7\n".utf8))
            utimes(time)
            for _ in 0..<3 { #expect(home.get("health").status == 200, "\(time)") }
        }
    }

    private func utimes(_ time: Double) {
        _ = Program.run("touch", ["-d", "@\(Int(time))", "\(home.path)/latchkey.conf"])
    }

    @Test func variablesThatAreKnownToBeOthersArePassedOver() {
        let (answer, log) = home.run(
            "health",
            [
                "REQUEST_METHOD": "GET", "LATCHKEY_PORT": "tcp://10.0.0.1:80", "LATCHKEY_SERVICE_HOST": "10.0.0.1",
                "LATCHKEY_PORT_8000_TCP_ADDR": "10.0.0.1", "LATCHKEY_FASTCGI": "1",
            ])
        #expect(answer.status == 200, "\(log)")
    }

    @Test func aHomeThatIsNoTextIsRefusedByName() {
        let script = #"LATCHKEY_HOME=$(printf '/tmp/latchkey-\377') REQUEST_METHOD=GET exec "$0""#
        let run = Program("/bin/sh", ["-c", script, "\(executables)/health"], environment: [:]).finish()
        #expect(String(decoding: run.output, as: UTF8.self).hasPrefix("Status: 500"))
        #expect(run.errors.contains("LATCHKEY_HOME is not UTF-8"), "\(run.errors)")
    }
}
