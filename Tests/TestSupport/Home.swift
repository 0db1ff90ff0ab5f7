// A temporary state folder, and the handlers run on it with only environment and input: by CGI, or by FastCGI if the tests
// are told so.

import Foundation

/// A temporary state folder; deinit removes it.
package final class Home: Sendable {
    package let path: String
    private let pool = FastCGIPool()

    package init(settings: String = "") {
        path = "\(NSTemporaryDirectory())latchkey-test-\(Foundation.UUID().uuidString)"
        try! FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        if !settings.isEmpty {
            try! settings.write(toFile: "\(path)/latchkey.conf", atomically: true, encoding: .utf8)
        }
    }

    deinit {
        pool.stop()
        TestDatabase.remove(of: path)
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Runs the handler `name` with only `variables` (LATCHKEY_HOME and REMOTE_ADDR are added) and `body`. The variables in
    /// `again` are passed a second time.
    package func run(
        _ name: String, _ variables: [String: String], again: [String: String] = [:], body: String = ""
    ) -> (answer: Answer, log: String) {
        let result = start(name, variables, again: again).finish(Array(body.utf8))
        return (Answer(result.output), result.errors)
    }

    /// Starts the handler and leaves its input open.
    package func start(_ name: String, _ variables: [String: String], again: [String: String] = [:]) -> Program {
        let standard = ["LATCHKEY_HOME": path, "REMOTE_ADDR": "192.0.2.7"]
        let all = standard.merging(variables) { $1 }
        guard isFastCGI else { return Program("\(executables)/\(name)", environment: all, again: again) }
        let processes = pool.processes(environment: all.filter { $0.key.hasPrefix("LATCHKEY_") })
        return Program(processes.connect(), addressed(name, all.filter { !$0.key.hasPrefix("LATCHKEY_") }), again: again)
    }

    /// POSTs the JSON text `body`.
    package func post(_ name: String, _ body: String, _ variables: [String: String] = [:]) -> Answer {
        let standard = [
            "REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": String(body.utf8.count),
        ]
        return run(name, standard.merging(variables) { $1 }, body: body).answer
    }

    /// PATCHes with the JSON text `body`.
    package func patch(_ name: String, _ body: String, _ variables: [String: String] = [:]) -> Answer {
        post(name, body, ["REQUEST_METHOD": "PATCH"].merging(variables) { $1 })
    }

    /// DELETE with `variables`.
    package func delete(_ name: String, _ variables: [String: String]) -> Answer {
        run(name, ["REQUEST_METHOD": "DELETE"].merging(variables) { $1 }).answer
    }

    /// GET with `variables`.
    package func get(_ name: String, _ variables: [String: String] = [:]) -> Answer {
        run(name, ["REQUEST_METHOD": "GET"].merging(variables) { $1 }).answer
    }

    /// The code in the last mail to `address`; waits for it.
    package func code(for address: String) -> String {
        for _ in 0..<200 {
            for mail in mails.reversed() where mail.contains("\nTo: \(address)\n") {
                if let range = mail.range(of: "Subject: [0-9]+", options: .regularExpression) {
                    return String(mail[range].dropFirst(9))
                }
            }
            Thread.sleep(forTimeInterval: 0.025)
        }
        return ""
    }

    /// The delivered mails, oldest first.
    package var mails: [String] {
        let folder = URL(filePath: "\(path)/mail/new")
        let files =
            (try? FileManager.default.contentsOfDirectory(
                at: folder, includingPropertiesForKeys: [.contentModificationDateKey])) ?? []
        func date(_ file: URL) -> Date {
            (try? file.resourceValues(forKeys: [.contentModificationDateKey]))?.contentModificationDate
                ?? .distantPast
        }
        return files.sorted { date($0) < date($1) }
            .compactMap { try? String(contentsOf: $0, encoding: .utf8) }
    }

    /// Removes the file `name`.
    package func remove(_ name: String) {
        try! FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }

    /// Runs `sql` on the database.
    package func sql(_ sql: String) {
        try! TestDatabase.run(sql, in: path)
    }

    /// From now on the table `told` (kind, email, details, locale) has all mail that enters the outbox, also once it is sent.
    package func noteMail() {
        sql("CREATE TABLE told (kind TEXT, email TEXT, details TEXT, locale TEXT)")
        let insert = "INSERT INTO told VALUES (new.kind, new.email, new.details, new.locale)"
        sql(
            isPostgreSQL
                ? "CREATE RULE tells AS ON INSERT TO mail_items DO ALSO \(insert)"
                : "CREATE TRIGGER tells AFTER INSERT ON mail_items BEGIN \(insert); END")
    }

    /// The count that `sql`, composed at run time, selects.
    package func count(_ sql: String) -> Int64 { number(sql) }

    /// The integer that `sql` selects; 1 for true, -1 for no row.
    package func number(_ sql: String) -> Int64 {
        try! TestDatabase.number(sql, in: path) ?? -1
    }
}

/// A user who signed in.
package struct Person: Sendable {
    package let email: String
    package let accessToken: String
    package let refreshToken: String
    package let id: String
    package let project: String

    package init(email: String, accessToken: String, refreshToken: String, id: String, project: String) {
        self.email = email
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.id = id
        self.project = project
    }

    /// The variables of a request with the access token.
    package var bearer: [String: String] { ["HTTP_AUTHORIZATION": "Bearer \(accessToken)"] }

    /// The same, on the person's own project.
    package var onProject: [String: String] { on(project) }

    /// The same, on `project`.
    package func on(_ project: String) -> [String: String] {
        bearer.merging(["HTTP_X_PROJECT_ID": project]) { $1 }
    }
}

extension Home {
    /// Signs `email` in with a mailed code.
    package func signIn(_ email: String, _ settings: [String: String] = [:]) -> Person {
        _ = post("send-code", "{\"email\":\"\(email)\"}", settings)
        let grant = verify(code(for: email), for: email, settings)
        let access = grant.field("access_token")
        let me = get(
            "current-user", ["HTTP_AUTHORIZATION": "Bearer \(access)"].merging(settings) { $1 })
        let project = me.body.components(separatedBy: "\"projects\":[{\"id\":\"").last?.prefix(36) ?? ""
        return Person(
            email: email, accessToken: access, refreshToken: grant.field("refresh_token"),
            id: grant.field("user_uuid"), project: String(project))
    }

    /// Asks for a code for `email` whose mail stays in the outbox: the mail command does not exist. Returns the log.
    @discardableResult
    package func leaveUnsent(_ email: String) -> String {
        let body = "{\"email\":\"\(email)\"}"
        let (_, log) = run(
            "send-code",
            [
                "REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(body.utf8.count), "LATCHKEY_MAIL": "sendmail /nonexistent",
            ], body: body)
        // Its deliverer must not take the mails of later requests.
        for _ in 0..<200 where number("SELECT count(*) FROM mail_items WHERE email = '\(email)' AND attempts > 0") == 0 {
            Thread.sleep(forTimeInterval: 0.02)
        }
        return log
    }

    /// Uses `code` for `email`.
    package func verify(
        _ code: String, for email: String = "ada@example.com", _ variables: [String: String] = [:]
    ) -> Answer {
        post("verify-code", "{\"email\":\"\(email)\",\"code\":\"\(code)\"}", variables)
    }

    /// Spends the refresh token `token` of the user whose id is `user`.
    package func refresh(_ token: String, of user: String, _ settings: [String: String] = [:]) -> Answer {
        post("refresh-token", "{\"refresh_token\":\"\(token)\",\"user_uuid\":\"\(user)\"}", settings)
    }

    /// Ends the session of the refresh token `token`.
    package func revoke(_ token: String) -> Answer {
        post("revoke-token", "{\"refresh_token\":\"\(token)\"}")
    }

    /// Deletes the API key whose id is `id`.
    package func deleteKey(_ id: String, _ variables: [String: String]) -> Answer {
        delete("delete-api-key", ["PATH_INFO": "/\(id)"].merging(variables) { $1 })
    }

    /// Creates an API key on `person`'s project; `members` is JSON to add to the name.
    package func createKey(by person: Person, _ members: String = "") -> (secret: String, id: String) {
        let answer = post("create-api-key", "{\"name\":\"key\"\(members)}", person.onProject)
        return (answer.field("full_key"), answer.field("id"))
    }
}
