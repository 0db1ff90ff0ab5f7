// The service: the rules' numbers, the state they work on, and the clock. Actions extend it, one
// file each. It knows nothing of HTTP or JSON.

import Cryptography
package import Platform
package import Store

/// Every way in which an action fails; `Store` has it, since records and rules throw it together.
package typealias AuthError = Store.AuthError

/// The service as one request sees it. Database and secret are opened when first needed, so that
/// what can be refused without them costs neither.
package final class Auth {
    /// The rules' numbers, as the operator has set them.
    package let policy: Policy
    /// Where database, secret and signing keys are.
    package let state: StateFolder
    /// Whose request this is.
    let client: Client
    /// Who may sign in with a fixed code.
    let testIdentities: [TestIdentity]
    /// What this request did that counts in the audit; for the log.
    package internal(set) var event: AuditEvent?
    let clock: () -> Timestamp
    private let journal: JournalMode?
    /// nil in a process that answers one request.
    let cache: ProcessCache?
    private let isRead: Bool
    private var openDatabase: Database?
    /// How many rows earlier requests have changed through `openDatabase`.
    private var changesBefore: Int64 = 0
    private var readSecrets: Secrets?

    /// `journal` is nil if the operator does not say: then the file system decides. `cache` is for a process that
    /// answers more than one request. `isRead`: the request asks for something, and seldom changes anything.
    package init(
        policy: Policy, state: StateFolder, journal: JournalMode?, client: Client,
        testIdentities: [TestIdentity] = [], cache: ProcessCache? = nil, isRead: Bool = false,
        clock: @escaping () -> Timestamp = { .now }
    ) {
        self.policy = policy
        self.state = state
        self.client = client
        self.testIdentities = testIdentities
        self.journal = journal
        self.cache = cache
        self.isRead = isRead
        self.clock = clock
    }

    /// What the clock says at each call: two calls may differ.
    package var now: Timestamp { clock() }

    /// The database, which the first call opens for the rest of the request. Throws `unavailable` for one that is newer than
    /// this program, or that a rotation of the secret has closed.
    package func database() throws(AuthError) -> Database {
        if let openDatabase { return openDatabase }
        let database = try opened()
        openDatabase = database
        changesBefore = database.changeCount
        return database
    }

    /// The database, also if a rotation of the secret has closed it.
    package func databaseToRotate() throws(AuthError) -> Database {
        try state.prepare()
        let database = try Database(in: state, journal: journal, isRotating: true)
        openDatabase = database
        return database
    }

    /// The request acts in the session `id` from now on.
    func act(in id: UUID) {
        openDatabase = openDatabase?.acting(in: ActingSession(id: id, clock: clock))
    }

    private func opened() throws(AuthError) -> Database {
        if let cache { return try cache.databases.database(in: state, journal: journal, toRead: isRead) }
        try state.prepare()
        let database = try Database(in: state, journal: journal)
        if isRead { try database.beginReading() }
        return database
    }

    /// Ends what `database` has begun for a request that reads.
    package func endReading() {
        openDatabase?.endReading()
    }

    /// The keys that come from the secret, which the first call reads. Throws `failure` if the secret is missing beside a
    /// database, or does not have 32 bytes.
    package func secrets() throws(AuthError) -> Secrets {
        if let readSecrets { return readSecrets }
        let secrets = Secrets(try state.secret())
        readSecrets = secrets
        return secrets
    }

    /// Adds `event` to the audit, in the transaction at hand. The last one that is no consequence of another is the event of
    /// the request's log line.
    package func record(
        _ event: AuditEvent, isConsequence: Bool = false, in database: Database
    ) throws(AuthError) {
        try event.append(from: client, at: now, in: database)
        if !isConsequence { self.event = event }
    }

    /// Whether this request has changed a row, or tried to.
    package var hasChangedRows: Bool { openDatabase.map { $0.changeCount > changesBefore } ?? false }

    /// Whether mail waits to be sent now. False, without a look, if this request has not used the
    /// database.
    package func hasDueMail() throws(AuthError) -> Bool {
        guard let openDatabase else { return false }
        return try MailItem.nextDue(in: openDatabase).map { $0 <= now } ?? false
    }
}

/// A failed hash, as the caller sees it: no memory now, or a damaged row.
extension AuthError {
    init(_ error: Argon2Error) {
        self =
            switch error {
            case .outOfMemory: .unavailable(reason: "no memory for Argon2")
            case .malformed: .failure(reason: "a stored hash is damaged")
            }
    }
}
