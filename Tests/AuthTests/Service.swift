// The service on a temporary folder, at a time that a test sets.

import Cryptography
import Platform
import SQL
import TestSupport
import Testing

import class Foundation.FileManager

@testable import Auth
@testable import Operations
@testable import Store

let ann = try! Email("ann@example.com")
let bob = try! Email("bob@example.org")
let eve = try! Email("eve@example.net")

/// A client whose address does not matter.
let someone = Client(address: NetworkAddress("192.0.2.7"), requestID: "request")

/// A new path for each call; nothing exists there yet.
func temporaryPath() -> String { "/tmp/latchkey-rules-\(UUID.random().text)" }

func removeFolder(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

/// The files in the folder `path`, sorted; empty if there is no such folder.
func files(in path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
}

func text(of path: String) throws -> String {
    String(decoding: try File.read(path, limit: 1 << 20), as: UTF8.self)
}

/// The service; each `auth` acts as another process.
final class Service {
    var time = Timestamp(seconds: 1_750_000_000)
    var policy = Policy()
    /// Where requests come from.
    var address = "192.0.2.7"
    var testIdentities: [TestIdentity] = []
    let path = temporaryPath()

    deinit {
        TestDatabase.remove(of: path)
        removeFolder(path)
    }

    var state: StateFolder { try! StateFolder(at: path) }

    var auth: Auth {
        Auth(
            policy: policy, store: TestDatabase.location(of: state),
            client: Client(address: NetworkAddress(address), requestID: "request"),
            testIdentities: testIdentities
        ) { [unowned self] in time }
    }

    /// The operator's actions.
    var operations: Operations { Operations(auth) }

    func database() throws -> Database { try auth.database() }

    func wait(_ duration: Duration) { time = time + duration }

    func sql(_ text: String) throws {
        _ = try database()
        try TestDatabase.run(text, in: path)
    }

    func number(_ sql: String) throws -> Int64? {
        _ = try database()
        return try TestDatabase.number(sql, in: path)
    }

    /// The key that signs access tokens.
    func signingKey() throws -> ES256PrivateKey { try auth.tokenKeyRing().signingKey() }

    /// Changes rows of PostgreSQL's token keys by `sql`, as a rotation does: processes read their keys again.
    func changeTokenKeys(_ sql: String) throws {
        try self.sql("\(sql); UPDATE store_state SET key_number = key_number + 1")
    }

    func challenge(of email: Email = ann) throws -> Challenge? {
        try Challenge.find(.signIn(email), else: CodeTerms(policy), in: try database())
    }

    /// The last code promised to `email`, for signing in.
    func code(for email: Email = ann) throws -> String { try code(for: .signIn(email)) }

    /// The last code promised for `target`.
    func code(for target: ChallengeTarget) throws -> String {
        let challenge = try #require(try Challenge.find(target, else: CodeTerms(policy), in: try database()))
        let code = LoginCode.derive(
            key: try auth.secrets().loginCodeKey, challenge: challenge.id, address: target.email.text,
            digits: challenge.terms.digits)
        return String(decoding: code, as: UTF8.self)
    }

    /// Asks to move the account of `token` to `email`; returns the promised codes.
    func askToMove(to email: Email, bearing token: String) throws -> (new: String, current: String) {
        let user = try auth.user(bearing: token)
        _ = try auth.changeEmail(of: user, to: email)
        return (
            try code(for: .newAddress(email, of: user.id)),
            try code(for: .currentAddress(try Email(user.email), of: user.id, to: email))
        )
    }

    /// Moves the account of `token` to `email`, with `codes`.
    func move(to email: Email, bearing token: String, by codes: (new: String, current: String)) throws -> Account {
        let auth = auth
        return try auth.confirmEmail(
            email, of: try auth.session(bearing: token), code: codes.new, currentCode: codes.current)
    }

    /// Deletes the account of `user` with a deletion code.
    func delete(_ user: User) throws {
        _ = try auth.sendDeletionCode(to: user)
        try auth.deleteUser(user, code: try code(for: .deletion(of: user.id, at: try Email(user.email))))
    }

    /// A code other than the promised one.
    func wrongCode(for email: Email = ann) throws -> String {
        try code(for: email) == "123456" ? "654321" : "123456"
    }

    /// The files in the maildir, by name.
    var mailFiles: [String] { files(in: mailFolder) }

    var mailFolder: String { "\(path)/mail/new" }

    /// Delivers due mail into the maildir; returns the mails now there, as text.
    func mails(_ templates: MailTemplates = .builtIn) throws -> [String] {
        let mailer = Mailer(
            from: Mailbox(name: "Latchkey", address: try Email("latchkey@example.com")), templates: templates,
            transport: .maildir(state.mailPath))
        try auth.deliverMail(by: mailer) { Issue.record("\(String(decoding: $0.bytes, as: UTF8.self))") }
        return try mailFiles.map { try text(of: "\(mailFolder)/\($0)") }
    }

    /// Like `mails`, but removes them, so that each is returned once.
    func newMails(_ templates: MailTemplates = .builtIn) throws -> [String] {
        let mails = try mails(templates)
        for name in mailFiles { File.remove("\(mailFolder)/\(name)") }
        return mails
    }

    /// Delivers due mail into the maildir; returns the recipients of the mails now there, sorted.
    func recipients() throws -> [String] {
        try mails().map { mail in
            String(mail.split(separator: "\n").first { $0.hasPrefix("To: ") }?.dropFirst(4) ?? "")
        }.sorted()
    }

    func makeKey(_ project: UUID, _ user: User, days: Int64? = nil, scopes: [String]? = nil) throws -> CreatedAPIKey {
        try auth.createAPIKey(named: "k", expiringIn: days, scopes: scopes, in: project, by: user)
    }

    func liveKeys() throws -> Int64? { try number("SELECT count(*) FROM api_keys WHERE deactivated_at IS NULL") }

    func update(_ user: User, _ changes: UserChanges) throws { _ = try auth.updateUser(user, changes) }

    func signIn(_ email: Email = ann) throws -> TokenPair {
        _ = try auth.sendCode(to: email)
        return try auth.verifyCode(try code(for: email), for: email)
    }

    /// A user who has signed in, and their first project.
    func person(_ email: Email = ann) throws -> (user: User, project: UUID) {
        let user = try auth.user(bearing: try signIn(email).accessToken)
        return (user, try #require(try auth.account(of: user).projects.first?.id))
    }

    func join(_ user: User, _ project: UUID, as role: String) throws {
        try database().run(
            "INSERT INTO members (user_id, project_id, role, created_at) VALUES ($1, $2, $3, 0)",
            [.id(user.id), .id(project), .text(role)])
    }
}

/// A well-formed code other than `code`.
func otherCode(than code: String) -> String { code == "000000" ? "000001" : "000000" }

/// The name of the refusal that `body` throws; "none" if it does not throw.
func refusal<T>(_ body: () throws -> T) -> String {
    do {
        _ = try body()
        return "none"
    } catch {
        return String("\(error)".prefix { $0 != "(" })
    }
}

/// The bound that refuses `body`; "none" if none does.
func bound<T>(_ body: () throws -> T) -> String {
    do {
        _ = try body()
        return "none"
    } catch AuthError.tooMany(let bound) {
        return String("\(bound)".prefix { $0 != "(" })
    } catch {
        return "\(error)"
    }
}

extension UserChanges {
    /// Changes only the given values.
    static func only(
        fullName: TextChange = .same, language: LanguageChange = .same, signIns: Bool? = nil, keys: Bool? = nil
    ) -> UserChanges {
        UserChanges(fullName: fullName, language: language, tellsSignIns: signIns, tellsKeyExpiry: keys)
    }
}
