// Sends a code by mail. Never creates an account or says whether one exists: it reads none. Whether the address may sign in
// is checked just before the mail is sent.

import Cryptography
package import Platform
package import Store

/// The answer to a request for a code.
package struct SentCode {
    /// How much longer the code works.
    package let expiresIn: Duration
    /// How long until another mail can be requested.
    package let resendAfter: Duration
}

extension Auth {
    /// Puts a mail with a login code for `email` into the outbox.
    ///
    /// In the first half of a code's life the same code is sent again, so that a late first mail still works; its expiry
    /// and attempts stay the same. After that, or once it was used or used up, a new code replaces it. Addresses that may
    /// not sign up get the same answer and no mail.
    ///
    /// Throws `limited` within `resendAfter` of the last mail to that address, and after too many from one
    /// network, to one address, or to all.
    package func sendCode(to email: Email) throws(AuthError) -> SentCode {
        try sendCodes(for: [.signIn(email)])
    }

    /// The same for codes of any purpose, one for each of `targets`, all or none. The first one decides how soon they can
    /// be requested again.
    func sendCodes(for targets: [ChallengeTarget]) throws(AuthError) -> SentCode {
        let database = try database()
        let limits = try sendLimits(for: targets, in: database)
        try refuse(over: limits, in: database)
        // New codes are hashed before the transaction: nobody waits 28 ms for the database. If an old code is used in
        // between, the second round makes a new one.
        for _ in 0..<2 {
            try refuse(earlyAfter: try last(of: targets[0], in: database), in: database)
            let new = try newChallenges(for: targets, within: limits, in: database)
            let outcome = try write(within: limits, locking: targets.map { .address($0.email.text) }, in: database) {
                () throws(AuthError) -> Outcome in
                let outcome = try send(targets, orNew: new, in: database)
                if case .sent = outcome {
                    for limit in limits { try limit.charge(at: now, in: database) }
                }
                return outcome
            }
            switch outcome {
            case .sent(let sent): return sent
            case .early(let limited):
                noteEarlyResend(in: database)
                throw .limited(limited)
            case .needsNew: continue
            }
        }
        throw .unavailable(reason: "the challenge changed twice during the request")
    }

    private enum Outcome {
        case sent(SentCode)
        /// Another request sent one meanwhile.
        case early(Limited)
        /// A last challenge can no longer be sent again.
        case needsNew
    }

    private func last(of target: ChallengeTarget, in database: Database) throws(AuthError) -> Challenge? {
        try Challenge.find(target, else: CodeTerms(policy), in: database)
    }

    private func send(
        _ targets: [ChallengeTarget], orNew new: [Challenge?], in database: Database
    ) throws(AuthError) -> Outcome {
        let now = now
        var lasts: [Challenge?] = []
        for target in targets { lasts.append(try last(of: target, in: database)) }
        if let limited = earlyResend(after: lasts[0]) { return .early(limited) }
        for index in targets.indices where new[index] == nil {
            guard let last = lasts[index], canBeSentAgain(last) else { return .needsNew }
        }
        var sent: SentCode?
        for (index, target) in targets.enumerated() {
            let challenge: Challenge
            if let last = lasts[index], canBeSentAgain(last) {
                try last.noteMail(at: now, in: database)
                challenge = last
            } else if let made = new[index] {
                try made.replaceLast(of: target, in: database)
                challenge = made
            } else {
                return .needsNew
            }
            try MailItem.enqueue(
                target.purpose.mail, about: challenge.id, to: target.email.text, in: try language(of: target, in: database),
                details: target.about?.masked, until: challenge.expiresAt, at: now, database: database)
            // Of several, the shortest life, and the first one's wait.
            let left = challenge.expiresAt - now
            sent = SentCode(
                expiresIn: min(left, sent?.expiresIn ?? left),
                resendAfter: sent?.resendAfter ?? challenge.terms.resendAfter)
        }
        guard let sent else { throw .failure(reason: "no code was requested") }
        return .sent(sent)
    }

    /// The language of the mail for `target`. Mail to an account's address is the only sign of a stolen access token, so it
    /// uses the language of notices, never the request's.
    private func language(of target: ChallengeTarget, in database: Database) throws(AuthError) -> Language? {
        switch target.purpose {
        case .signIn, .newAddress: return client.language
        case .currentAddress, .deletion:
            guard let user = target.user else { return nil }
            return try User.noticeLanguage(of: user, in: database)
        }
    }

    private func refuse(earlyAfter last: Challenge?, in database: Database) throws(AuthError) {
        guard let limited = earlyResend(after: last) else { return }
        noteEarlyResend(in: database)
        throw .limited(limited)
    }

    /// How long until another mail can be requested after `last`; nil if it can be now.
    private func earlyResend(after last: Challenge?) -> Limited? {
        guard let last else { return nil }
        let window = last.terms.resendAfter
        let wait = (last.mailedAt + window) - now
        // A clock that was set back must not lock an address out for that long.
        guard wait > .seconds(0), wait <= window else { return nil }
        return Limited(name: "resend", count: 1, window: window, retryAfter: wait)
    }

    private func canBeSentAgain(_ challenge: Challenge) -> Bool {
        let left = challenge.expiresAt - now
        return challenge.isLive(at: now) && !challenge.isExhausted
            && left.milliseconds >= challenge.terms.lifetime.milliseconds - challenge.terms.lifetime.milliseconds / 2
    }

    /// A new challenge for each of `targets` whose last one can no longer be sent again; nil for the others.
    private func newChallenges(
        for targets: [ChallengeTarget], within limits: [Limit], in database: Database
    ) throws(AuthError) -> [Challenge?] {
        var new = [Challenge?](repeating: nil, count: targets.count)
        var missing: [Int] = []
        for (index, target) in targets.enumerated()
        where try last(of: target, in: database).map(canBeSentAgain) != true { missing.append(index) }
        guard !missing.isEmpty else { return new }
        let (secrets, terms) = (try secrets(), CodeTerms(policy))
        return try withHashing { (memory) throws(AuthError) -> [Challenge?] in
            // Of many simultaneous requests, some may be over a limit by now: they cost no hash.
            try refuse(over: limits, in: database)
            try refuse(earlyAfter: try last(of: targets[0], in: database), in: database)
            for index in missing {
                let (id, email) = (UUID.random(), targets[index].email.text)
                let code = LoginCode.derive(
                    key: secrets.loginCodeKey, challenge: id, address: email, digits: terms.digits)
                let hash: String
                do throws(Argon2Error) {
                    hash = try Argon2.hash(code, cost: Policy.codeCost, pepper: secrets.pepper, in: memory)
                } catch {
                    throw AuthError(error)
                }
                let now = now
                new[index] = Challenge(
                    email: email, id: id, codeHash: hash, attempts: 0, createdAt: now,
                    expiresAt: now + terms.lifetime, mailedAt: now, isUsed: false, terms: terms)
            }
            return new
        }
    }
}

extension SignUp {
    /// Whether `email` may create an account.
    func welcomes(_ email: Email) -> Bool {
        switch self {
        case .open: true
        case .closed: false
        case .domains(let domains): domains.contains { $0.isSame(as: email.domain) }
        }
    }
}
