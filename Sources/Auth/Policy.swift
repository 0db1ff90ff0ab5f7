// Every number that a rule depends on, with its unit and its reason.

package import Cryptography
package import Platform
import Store

/// How many events in how much time.
package struct Quota: Equatable, Sendable {
    /// The most events in a window.
    package let count: Int64
    /// How long an event counts.
    package let window: Duration

    /// At most `count` events in any stretch of `window`.
    package init(count: Int64, window: Duration) {
        self.count = count
        self.window = window
    }
}

/// Who may make an account by signing in.
package enum SignUp: Equatable, Sendable {
    case open
    /// Nobody: accounts are made by the operator.
    case closed
    /// Addresses in one of these domains, in lower case.
    case domains([String])
}

/// The numbers of the rules. Each one that an operator can set is a stored property with its default.
package struct Policy: Equatable, Sendable {
    /// `iss` of access tokens, and the base of links. It never comes from a request's Host.
    package var baseURL = "http://localhost:8000"
    /// Who may make an account by signing in: the setting `sign_up`.
    package var signUp = SignUp.open
    /// Whether an open invitation lets its address sign up where `signUp` does not.
    package var invitationsAdmit = true
    /// A client must send one of these tokens to ask for a code or to use one. Empty: anyone may.
    package var clientTokens: [String] = []

    /// The Bearer token that reads the metrics from anywhere; nil: only this machine can read them.
    package var metricsToken: String?

    /// Digits of a code. With 5 attempts, six give a guesser one chance in 200,000 a code.
    package var codeLength = 6
    /// The numbers of digits that the operator can choose.
    package static let codeLengths = 6...8
    /// OWASP ASVS 6.5.5 allows 10 minutes.
    package var codeLifetime = Duration.minutes(10)
    /// Guesses that are compared before a code stops working.
    package var codeAttempts: Int64 = 5
    /// Between two mails to one address.
    package var resendAfter = Duration.seconds(60)

    /// A stolen access token works for at most this long.
    package var accessLifetime = Duration.minutes(15)
    /// A session that is not refreshed for this long ends.
    package var refreshLifetime = Duration.days(30)
    /// A session ends after this long, however often it is refreshed.
    package var sessionLifetime = Duration.days(90)
    /// How long a used refresh token still gets its successor: two tabs, or a lost answer.
    package var refreshGrace = Duration.seconds(30)

    /// Requests for codes, for one network of clients; nil: no limit.
    package var sendPerAddressOfClient: Quota? = Quota(count: 30, window: .minutes(5))
    /// Attempts to use a code, for one network of clients; nil: no limit.
    package var verifyPerAddressOfClient: Quota? = Quota(count: 30, window: .minutes(5))
    /// Refreshes of sessions, for one network of clients; nil: no limit.
    package var refreshPerAddressOfClient: Quota? = Quota(count: 150, window: .minutes(5))
    /// An IPv6 site may do this many times what one of its networks may. This is less than `sendTotal`.
    static let networksPerSite: Int64 = 2
    /// An account may refresh this many times what one network may.
    static let networksPerAccount: Int64 = 4
    /// Mails to one address; nil: no limit.
    package var sendPerEmail: Quota? = Quota(count: 5, window: .hours(1))
    /// Wrong guesses for one address, over all its codes: NIST SP 800-63B §5.2.2 allows 100 in a row. nil: no limit.
    package var failuresPerEmail: Quota? = Quota(count: 30, window: .hours(24))
    /// Mails to all addresses: limits the damage of a flood to the mail system's reputation.
    package var sendTotal: Quota? = Quota(count: 1000, window: .hours(1))
    /// Invitations to projects by one account, and mails with them to one address.
    package var invitationsPerUser: Quota? = Quota(count: 20, window: .hours(1))
    static let invitationsPerEmail = Quota(count: 5, window: .hours(24))
    /// Notices of expiring keys to one address.
    static let expiryNoticesPerEmail = Quota(count: 20, window: .hours(24))
    /// Changes by one account. Changes that only end something do not count; they are always possible.
    package var changesPerUser: Quota? = Quota(count: 600, window: .minutes(5))
    /// Rotations of keys by one account. They do not count as changes.
    static let rotationsPerUser = Quota(count: 600, window: .minutes(5))
    /// Mails of one kind that announce changes to one account.
    static let announcements = Quota(count: 1, window: .hours(1))

    /// Projects that one account may belong to.
    package var projectsPerUser: Int64 = 100
    /// API keys of one project that are not deactivated or expired.
    package var keysPerProject: Int64 = 1000
    /// The same, of one member in one project.
    package var keysPerMember: Int64 = 100
    /// Members of one project.
    package var membersPerProject: Int64 = 100
    /// Open invitations to one project.
    package var invitationsPerProject: Int64 = 100
    /// Sessions of one account. One more ends the least recently used.
    package var sessionsPerUser: Int64 = 100
    /// How long a deactivated or expired key is kept.
    static let endedKeyKept = Duration.days(90)

    /// Processes that may hash a code at once, each with `codeCost`'s memory; nil: one per core.
    package var argon2Slots: Int64?
    /// Bytes that must be free on the disk before a guess is counted: several times what a sign-in writes.
    static let roomToSignIn: Int64 = 256 * 1024
    /// Processes that may send mail at once: limits what a hanging mail command costs the machine.
    package var deliverers: Int64 = 8
    /// How long the audit log is kept.
    package var auditLifetime = Duration.days(90)

    /// Every number at its default.
    package init() {}

    /// How long after a sign-in its network counts as known for that address.
    static let knownNetworkLifetime = Duration.days(30)
    /// Refusals that the audit log records in one slot of `refusalWindow`, for one limit and one site, and for all: a
    /// flood must not fill the disk. The server's log has a line for each refusal. One record writes at most three rows.
    static let refusalsNotedPerSite: Int64 = 10
    static let refusalsNoted: Int64 = 80
    static let refusalWindow = Duration.minutes(5)
    /// How long a request waits for an Argon2 slot before it throws `unavailable`: 70 guesses per core take 2 s.
    static let slotWait = Duration.seconds(5)

    /// A code has 20 bits, so its hash must be expensive: as strong as OWASP's 19 MiB and 2 passes, in a third of the
    /// memory. 28 ms.
    package static let codeCost = Argon2Cost(memory: 7168, passes: 5)
    /// An API key has 224 bits, which nobody can guess. The hash only hides it. 0.1 ms.
    static let apiKeyCost = Argon2Cost(memory: 64, passes: 1)
    /// `last_used_at` is written at most this often, so that a busy key does not turn every read into a write.
    static let lastUsedGranularity = Duration.seconds(60)

    /// A deliverer that takes a mail and does not finish loses it after this long. This is longer than `deliveryTimeout`,
    /// so that two deliverers never send one mail at the same time.
    static let mailLease = Duration.seconds(90)
    /// A mail command is killed after this long.
    static let deliveryTimeout = Duration.seconds(60)
    /// The same for the first attempt of a mail that passes slow ones. Mails that hang delay the others by at most this
    /// long.
    static let quickDeliveryTimeout = Duration.seconds(15)
    /// A deliverer waits at most this long for a mail to be due again.
    static let longestDelivererStay = Duration.minutes(10)
    /// The wait after the first failed attempt. It doubles with each, up to `longestMailBackOff` or, for mail that lives
    /// for days, a thirty-second of that life.
    static let firstMailBackOff = Duration.seconds(5)
    /// A notice that could not be sent for this long is dropped.
    package static let noticeLifetime = Duration.days(3)
    /// Days before a key's expiry at which its maker gets a notice, the fewest first.
    static let daysBeforeKeyExpiry: [Int64] = [1, 7, 30]
    /// How long an invitation can be accepted.
    static let invitationLifetime = Duration.days(30)
    /// Mail that failed for good stays in the outbox this long, for the operator to see.
    static let failedMailKept = Duration.days(7)
    /// Rows that one clean-up deletes from a table, so that it never locks the database for long.
    static let rowsPerCleanUp: Int64 = 100
    /// The most rows that one transaction of a deletion deletes: a few milliseconds.
    static let rowsPerDeletion: Int64 = 500
}

extension CodeTerms {
    /// What `policy` promises for a code that is made now.
    init(_ policy: Policy) {
        self.init(
            digits: policy.codeLength, attempts: policy.codeAttempts, lifetime: policy.codeLifetime,
            resendAfter: policy.resendAfter)
    }
}
