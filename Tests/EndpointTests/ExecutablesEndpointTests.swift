// The shipped executables: small, static, stripped; and no secret left in any file.

import Foundation
import TestSupport
import Testing

@Suite struct ExecutablesEndpointTests {
    private static let names = [
        "send-code", "verify-code", "refresh-token", "revoke-token", "current-user", "list-api-keys",
        "create-api-key", "delete-api-key", "update-api-key", "rotate-api-key", "verify-api-key",
        "list-sessions", "delete-session", "revoke-other-sessions", "update-user", "delete-user", "send-deletion-code",
        "preferences",
        "change-email", "confirm-email", "list-projects", "create-project", "get-project", "update-project",
        "delete-project", "add-member",
        "update-member", "remove-member", "list-invitations", "accept-invitation", "decline-invitation", "jwks", "health",
        "metrics", "not-found", "deliver-mail",
        "latchkey-fcgi",
    ]

    /// The size in bytes of the largest: the one for all routes.
    private static let mostBytes = 2_810_000

    @Test(arguments: names) func eachIsStaticStrippedAndSmall(_ name: String) throws {
        let path = "\(executables)/\(name)"
        let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        #expect(size <= Self.mostBytes)
        let kind = String(decoding: Program.run("file", [path]).output, as: UTF8.self)
        #expect(kind.contains(isPostgreSQL ? "dynamically linked" : "statically linked"))
        #expect(kind.contains("stripped") && !kind.contains("not stripped"))
        let ldd = Program.run("ldd", [path])
        let libraries = String(decoding: ldd.output, as: UTF8.self) + ldd.errors
        // There is no static libpq.
        #expect(libraries.contains(isPostgreSQL ? "libpq.so" : "not a dynamic executable") || isPostgreSQL && name == "not-found")
        for other in ["libsqlite3", "libargon2", "libswift"] { #expect(!libraries.contains(other), "\(other)") }
    }

    /// A text from one endpoint's form, view or SQL, and the executables that may contain it.
    @Test(arguments: [
        ("'owner', 'admin' or 'member'", ["add-member", "update-member"]), ("overlap_days", ["rotate-api-key"]),
        ("expires_in_days", ["create-api-key"]), ("X-Latchkey-Scopes", ["verify-api-key"]),
        ("latchkey_events_total", ["metrics"]),
        ("INSERT INTO api_keys", ["create-api-key", "rotate-api-key"]), ("INSERT INTO invitations", ["add-member"]),
        ("INSERT INTO projects", ["create-project", "verify-code"]),
    ])
    func noneHoldsAnotherEndpointsCode(_ text: String, _ holders: [String]) throws {
        let found = try Self.names.filter { name in
            try #require(FileManager.default.contents(atPath: "\(executables)/\(name)")).range(of: Data(text.utf8)) != nil
        }
        #expect(Set(found) == Set(holders + ["latchkey-fcgi"]))
    }

    /// Only the operator's command contains the descriptions of settings.
    @Test(arguments: names) func noneHoldsTheSentencesOfSettings(_ name: String) throws {
        let document = try String(contentsOfFile: "\(projectFolder)/docs/configuration.md", encoding: .utf8)
        let table = try #require(document.components(separatedBy: "| key | default | |\n|---|---|---|\n").last)
        let rows = try #require(table.components(separatedBy: "\n\n").first).components(separatedBy: "\n")
        let sentences = rows.map { $0.components(separatedBy: " | ")[2].dropLast(2) }.filter { $0.count > 25 }
        #expect(sentences.count > 30)
        let code = try #require(FileManager.default.contents(atPath: "\(executables)/\(name)"))
        #expect(sentences.filter { code.range(of: Data($0.utf8)) != nil } == [])
    }

    @Test func nothingElseIsThere() throws {
        let found = try FileManager.default.contentsOfDirectory(atPath: executables)
        // Tests that ran here leave the list of states.
        #expect(Set(found.filter { !$0.hasPrefix(".latchkey-states") }) == Set(Self.names + [".htaccess"]))
    }

    @Test func noSecretIsLeftInAnyFile() throws {
        let home = Home(settings: "resend_after = 0s")
        var log = ""
        var secrets: [String] = []
        for index in 0..<3 {
            let person = home.signIn("user\(index)@example.com")
            secrets.append(home.code(for: person.email))
            let key = home.createKey(by: person)
            let answer = home.post(
                "refresh-token", #"{"refresh_token":"\#(person.refreshToken)","user_uuid":"\#(person.id)"}"#)
            secrets += [
                person.accessToken, person.refreshToken, key.secret, answer.field("access_token"),
                answer.field("refresh_token"),
            ]
            log +=
                home.run(
                    "current-user", ["REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": "Bearer \(person.refreshToken)"]
                ).log
            log +=
                home.run(
                    "verify-code", ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "48"],
                    body: #"{"email":"user\#(index)@example.com","code":"\#(home.code(for: person.email))"}"#
                ).log
            // Requested but not sent, so the outbox holds it.
            home.leaveUnsent("unsent\(index)@example.com")
        }
        #expect(secrets.count == 18 && secrets.allSatisfy { $0.utf8.count >= 6 })
        #expect(log.contains("status=401"))
        #expect(!log.contains("user1@example.com"))
        let files = FileManager.default.enumerator(atPath: home.path)!.compactMap { $0 as? String }
            .filter { !$0.hasPrefix("mail/") }
            .map { "\(home.path)/\($0)" }
        let stored = try TestDatabase.files(of: home.path)
        for file in files + stored {
            guard let bytes = FileManager.default.contents(atPath: file) else { continue }
            for secret in secrets where secret.utf8.count > 6 {
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file)")
            }
        }
        for secret in secrets { #expect(!log.contains(secret) || secret.utf8.count == 6) }
        // Any large file may contain six given digits, so the test searches text columns for codes.
        for index in 0..<3 {
            let code = secrets[index * 6]
            #expect(!log.contains("code=\(code)") && !log.contains("\"\(code)\""))
            #expect(home.count("SELECT count(*) FROM challenges WHERE instr(code_hash || hex(id), '\(code)') > 0") == 0)
        }
    }

    @Test func theStateIsTheOwnersAlone() throws {
        let home = Home()
        _ = home.signIn("ada@example.com")
        let files = FileManager.default.enumerator(atPath: home.path)!.compactMap { $0 as? String }
        #expect(files.contains("secret.key"))
        for file in files {
            let mode = try #require(
                FileManager.default.attributesOfItem(atPath: "\(home.path)/\(file)")[.posixPermissions] as? Int)
            #expect(mode & 0o077 == 0, "\(file)")
        }
    }
}
