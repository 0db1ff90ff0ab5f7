// Every number that a rule depends on, with its unit and its reason.

package import Cryptography
package import Platform
import Store

/// How many in how long.
package struct Quota: Equatable, Sendable {
    /// Events in a window at most.
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

/// The rules' numbers. What an operator may choose is a stored property, with its default.
package struct Policy: Equatable, Sendable {
    /// `iss` of access tokens, and the base of links: never what a request's Host says.
    package var baseURL = "http://localhost:8000"
    /// Who may make an account by signing in: the setting `sign_up`.
    package var signUp = SignUp.open
    /// Whether an open invitation lets its address sign up where `signUp` does not.
    package var invitationsAdmit = true
    /// Tokens of which whoever asks for a code, or uses one, must bear one. None: anyone may ask.
    package var clientTokens: [String] = []

    /// The Bearer token that reads the metrics from anywhere; nil: only this machine reads them.
    package var metricsToken: String?

    /// Digits of a code. With 5 attempts, six give a guesser one chance in 200,000 a code.
    package var codeLength = 6
    /// Digits that the operator may choose from.
    package static let codeLengths = 6...8
    /// OWASP ASVS 6.5.5 allows 10 minutes.
    package var codeLifetime = Duration.minutes(10)
    /// Guesses that are compared before a code is spent.
    package var codeAttempts: Int64 = 5
    /// Between two mails to one address.
    package var resendAfter = Duration.seconds(60)

    /// A stolen access token is good for this long at most.
    package var accessLifetime = Duration.minutes(15)
    /// A session that is not refreshed for this long ends.
    package var refreshLifetime = Duration.days(30)
    /// A session ends after this long, however often it is refreshed.
    package var sessionLifetime = Duration.days(90)
    /// How long a spent refresh token still gets its successor: two tabs, or a lost answer.
    package var refreshGrace = Duration.seconds(30)

    /// Requests for codes, for one network of clients; nil: no limit.
    package var sendPerAddressOfClient: Quota? = Quota(count: 30, window: .minutes(5))
    /// Attempts to use a code, for one network of clients; nil: no limit.
    package var verifyPerAddressOfClient: Quota? = Quota(count: 30, window: .minutes(5))
    /// Refreshes of sessions, for one network of clients; nil: no limit.
    package var refreshPerAddressOfClient: Quota? = Quota(count: 150, window: .minutes(5))
    /// An IPv6 site may do this many times what one of its networks may: less than `sendTotal`.
    static let networksPerSite: Int64 = 2
    /// An account may refresh this many times what one network may.
    static let networksPerAccount: Int64 = 4
    /// Mails to one address; nil: no limit.
    package var sendPerEmail: Quota? = Quota(count: 5, window: .hours(1))
    /// Wrong guesses for one address, over all its codes: NIST SP 800-63B §5.2.2 allows 100 in a row. nil: no limit.
    package var failuresPerEmail: Quota? = Quota(count: 30, window: .hours(24))
    /// Mails to anyone: what a flood may cost the mail system's good name.
    package var sendTotal: Quota? = Quota(count: 1000, window: .hours(1))
    /// Invitations to projects by one account, and mails with them to one address.
    package var invitationsPerUser: Quota? = Quota(count: 20, window: .hours(1))
    static let invitationsPerEmail = Quota(count: 5, window: .hours(24))
    /// Notices of expiring keys to one address.
    static let expiryNoticesPerEmail = Quota(count: 20, window: .hours(24))
    /// Changes by one account, but for those that end something, which are always possible.
    package var changesPerUser: Quota? = Quota(count: 600, window: .minutes(5))
    /// Rotations of keys by one account, which take nothing of that.
    static let rotationsPerUser = Quota(count: 600, window: .minutes(5))
    /// Mails of one kind that announce changes to one account.
    static let announcements = Quota(count: 1, window: .hours(1))

    /// Projects that one account may belong to.
    package var projectsPerUser: Int64 = 100
    /// API keys of one project that have not ended.
    package var keysPerProject: Int64 = 1000
    /// API keys of one member in one project that have not ended.
    package var keysPerMember: Int64 = 100
    /// Members of one project.
    package var membersPerProject: Int64 = 100
    /// Open invitations to one project.
    package var invitationsPerProject: Int64 = 100
    /// Sessions of one account; beyond that the least recently used ends.
    package var sessionsPerUser: Int64 = 100
    /// How long a key that was deactivated or has expired is kept.
    static let endedKeyKept = Duration.days(90)

    /// Processes that may hash a code at once, each in `codeCost`'s memory; nil: one a core.
    package var argon2Slots: Int64?
    /// Bytes that must be free on the disk before a guess is counted: several times what a sign-in writes.
    static let roomToSignIn: Int64 = 256 * 1024
    /// Processes that may send mail at once: what a mail command that hangs may cost the machine.
    package var deliverers: Int64 = 8
    /// How long the audit is kept.
    package var auditLifetime = Duration.days(90)

    /// Every number at its default.
    package init() {}

    /// A network is known to belong to an address for this long after a sign-in from there.
    static let knownNetworkLifetime = Duration.days(30)
    /// Refusals of one limit to one site that a slot of `refusalWindow` notes in the audit, and refusals of all limits to
    /// all sites: a flood must not fill the disk. Every one has its line in the log. A note writes three rows at most.
    static let refusalsNotedPerSite: Int64 = 10
    static let refusalsNoted: Int64 = 80
    static let refusalWindow = Duration.minutes(5)
    /// How long a request waits for an Argon2 slot before it is told to come back: 70 guesses a core
    /// take 2 s.
    static let slotWait = Duration.seconds(5)

    /// A code has 20 bits, so its hash must be dear: OWASP's equivalent of 19 MiB and 2 passes, in a
    /// third of the memory. 28 ms.
    package static let codeCost = Argon2Cost(memory: 7168, passes: 5)
    /// An API key has 224 bits: nothing to guess, so its hash only hides it. 0.1 ms.
    static let apiKeyCost = Argon2Cost(memory: 64, passes: 1)
    /// `last_used_at` is written at most this often, so that a busy key does not make every read a write.
    static let lastUsedGranularity = Duration.seconds(60)

    /// A row of the outbox that a deliverer took and did not finish is free again after this long:
    /// longer than `deliveryTimeout`, so that nothing is sent twice by two at work.
    static let mailLease = Duration.seconds(90)
    /// A mail command that has not ended after this long is killed.
    static let deliveryTimeout = Duration.seconds(60)
    /// The same for the first attempt of a mail that is sent past others that take long. Mails that hang so hold up those
    /// that do not for this long at most.
    static let quickDeliveryTimeout = Duration.seconds(15)
    /// A deliverer stays for a mail that is to be tried again for this long at most.
    static let longestDelivererStay = Duration.minutes(10)
    /// The wait after the first failed attempt; it doubles with each, up to `longestMailBackOff`, or, for what stays
    /// good for days, to a thirty-second part of that.
    static let firstMailBackOff = Duration.seconds(5)
    /// A notice that could not be sent for this long is of no use any more.
    package static let noticeLifetime = Duration.days(3)
    /// Days before its expiry at which a key's maker is told, the fewest first.
    static let daysBeforeKeyExpiry: [Int64] = [1, 7, 30]
    /// How long an invitation may be accepted.
    static let invitationLifetime = Duration.days(30)
    /// What was refused for good stays this long in the outbox for the operator to see.
    static let failedMailKept = Duration.days(7)
    /// Rows that one clean-up deletes from a table, so that it never holds the database for long.
    static let rowsPerCleanUp: Int64 = 100
    /// Rows that one transaction of a deletion deletes at most: a few milliseconds.
    static let rowsPerDeletion: Int64 = 500
}

extension CodeTerms {
    /// What `policy` promises of a code that is made now.
    init(_ policy: Policy) {
        self.init(
            digits: policy.codeLength, attempts: policy.codeAttempts, lifetime: policy.codeLifetime,
            resendAfter: policy.resendAfter)
    }
}
