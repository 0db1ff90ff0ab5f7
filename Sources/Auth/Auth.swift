// The service: the policy, the state that it works on, and the clock. Each action is an extension in its own file. Nothing
// here knows HTTP or JSON.

import Cryptography
package import Platform
package import Store

/// Every way in which an action fails. `Store` declares it, because records and rules both throw it.
package typealias AuthError = Store.AuthError

/// The service for one request. It opens the database and reads the secret on first use, so that a refusal that needs
/// neither is cheap.
package final class Auth {
    /// The rules' numbers, as the operator has set them.
    package let policy: Policy
    private let store: DatabaseLocation
    /// Where database, secret and signing keys are.
    package var state: StateFolder { store.state }
    /// The client that sent this request.
    let client: Client
    /// Who may sign in with a fixed code.
    let testIdentities: [TestIdentity]
    /// The audit event that this request's log line shows.
    package internal(set) var event: AuditEvent?
    /// A test's clock; nil: the store's.
    let clock: (() -> Timestamp)?
    /// nil in a process that answers one request.
    let cache: ProcessCache?
    private let isRead: Bool
    private var openDatabase: Database?
    /// How many rows earlier requests have changed through `openDatabase`.
    private var changesBefore: Int64 = 0
    private var readSecrets: Secrets?

    /// `cache` is for a process that answers more than one request. `isRead`: the request reads, and seldom changes
    /// anything.
    package init(
        policy: Policy, store: DatabaseLocation, client: Client,
        testIdentities: [TestIdentity] = [], cache: ProcessCache? = nil, isRead: Bool = false,
        clock: (() -> Timestamp)? = nil
    ) {
        self.policy = policy
        self.store = store
        self.client = client
        self.testIdentities = testIdentities
        self.cache = cache
        self.isRead = isRead
        self.clock = clock
    }

    /// The current time: the store's, once the database is open. Two calls may differ.
    package var now: Timestamp { clock?() ?? openDatabase?.now ?? .now }

    /// Opens the database on the first call and keeps it for the request. Throws `unavailable` if its schema is newer than
    /// this program, or if a rotation of the secret has closed it.
    package func database() throws(AuthError) -> Database {
        if let openDatabase { return openDatabase }
        let database = try opened()
        openDatabase = database
        changesBefore = database.changeCount
        return database
    }

    /// The database, even if a rotation of the secret has closed it.
    package func databaseToRotate() throws(AuthError) -> Database {
        try state.prepare()
        let database = try Database(at: store, isRotating: true)
        openDatabase = database
        return database
    }

    /// Where the database is.
    package var location: DatabaseLocation { store }

    /// Works on `database` from now on.
    package func work(on database: Database) { openDatabase = database }

    /// From now on the request acts in the session `id`.
    func act(in id: UUID) {
        openDatabase = openDatabase?.acting(in: ActingSession(id: id, clock: clock))
    }

    private func opened() throws(AuthError) -> Database {
        if let cache { return try cache.databases.database(at: store, toRead: isRead) }
        try state.prepare()
        let database = try Database(at: store)
        try database.beginRequest(toRead: isRead)
        return database
    }

    /// Ends what `database` began for a request that reads.
    package func endReading() {
        openDatabase?.endReading()
    }

    /// The keys derived from the secret, which the first call reads. Throws `failure` if there is a database and no secret,
    /// or if the secret does not have 32 bytes.
    package func secrets() throws(AuthError) -> Secrets {
        if let readSecrets { return readSecrets }
        // A rotation may have switched to it: the store knows.
        if state.hasNextSecret { try database().requireState() }
        let secrets = Secrets(try state.secret { () throws(AuthError) in _ = try database() })
        readSecrets = secrets
        return secrets
    }

    /// Adds `event` to the audit log, in the current transaction. The request's log line shows the last event that is not a
    /// consequence of another.
    package func record(
        _ event: AuditEvent, isConsequence: Bool = false, in database: Database
    ) throws(AuthError) {
        try event.append(from: client, at: now, in: database)
        if !isConsequence { self.event = event }
    }

    /// Whether this request has changed a row, or tried to.
    package var hasChangedRows: Bool { openDatabase.map { $0.changeCount > changesBefore } ?? false }

    /// Whether mail is due now. False, without a query, if this request has not used the database.
    package func hasDueMail() throws(AuthError) -> Bool {
        guard let openDatabase, openDatabase.shouldLookForMail() else { return false }
        return try MailItem.nextDue(in: openDatabase).map { $0 <= now } ?? false
    }
}

/// Maps a failed hash: no memory now, or a damaged row.
extension AuthError {
    init(_ error: Argon2Error) {
        self =
            switch error {
            case .outOfMemory: .unavailable(reason: "not enough memory for Argon2")
            case .malformed: .failure(reason: "a stored hash is damaged")
            }
    }
}
