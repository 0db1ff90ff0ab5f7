// Asks for a code by mail. Never makes an account, and never tells whether there is one: none is looked
// at. Whether the address may sign in at all is asked when the mail is about to leave.

import Crypto
package import System

/// What whoever asked for a code is told.
package struct SentCode {
    /// What is left of the code's life.
    package let expiresIn: Duration
    /// How long until another mail may be asked for.
    package let resendAfter: Duration
}

extension Auth {
    /// Puts a mail with a login code for `email` into the outbox.
    ///
    /// Within the first half of a code's life the same code is sent again, so that a late first mail
    /// still works; neither its expiry nor its attempts change. After that, or when it was used
    /// or used up, a new one replaces it. Addresses that may not sign up get the same answer and no mail.
    ///
    /// Throws `limited` within `resendAfter` of the last mail to that address, and after too many from one
    /// network, to one address, or to all.
    package func sendCode(to email: Email) throws(AuthError) -> SentCode {
        try sendCode(for: ChallengeTarget(email: email, user: nil))
    }

    /// The same for a code of any purpose.
    func sendCode(for target: ChallengeTarget) throws(AuthError) -> SentCode {
        let database = try database()
        let email = target.email
        let isKnown = try isKnownNetwork(of: email, in: database)
        let limits = sendLimits(for: target, isKnown: isKnown)
        try refuse(over: limits, in: database)
        // A new code is hashed before the transaction: nobody waits 28 ms for the database. Should the
        // old one be used in between, the second round makes the new one.
        for _ in 0..<2 {
            let last = try Challenge.find(target, in: database)
            try refuse(earlyAfter: last, in: database)
            let new =
                try last.map(canBeSentAgain) == true
                ? nil : newChallenge(for: target, within: limits, in: database)
            let outcome = try transaction(within: limits, in: database) {
                () throws(AuthError) -> Outcome in
                let outcome = try send(target, orNew: new, in: database)
                if case .sent = outcome {
                    for limit in limits { try limit.charge(at: now, in: database) }
                }
                return outcome
            }
            switch outcome {
            case .sent(let challenge):
                return SentCode(
                    expiresIn: challenge.expiresAt - challenge.mailedAt,
                    resendAfter: policy.resendAfter)
            case .early(let limited):
                noteEarlyResend(in: database)
                throw .limited(limited)
            case .needsNew: continue
            }
        }
        throw .unavailable(reason: "the challenge changed twice meanwhile")
    }

    private enum Outcome {
        case sent(Challenge)
        /// Another request sent one meanwhile.
        case early(Limited)
        /// The last challenge cannot be sent again any more.
        case needsNew
    }

    private func send(
        _ target: ChallengeTarget, orNew new: Challenge?, in database: Database
    ) throws(AuthError) -> Outcome {
        let now = now
        let last = try Challenge.find(target, in: database)
        if let limited = earlyResend(after: last) { return .early(limited) }
        let challenge: Challenge
        if let last, canBeSentAgain(last) {
            try last.noteMail(at: now, in: database)
            challenge = last.mailed(at: now)
        } else if let new {
            try new.replaceLast(of: target, in: database)
            challenge = new
        } else {
            return .needsNew
        }
        try MailItem.enqueue(
            target.user == nil ? .code : .emailCode, about: challenge.id, to: target.email.text,
            in: client.language, until: challenge.expiresAt, at: now, database: database)
        return .sent(challenge)
    }

    private func refuse(earlyAfter last: Challenge?, in database: Database) throws(AuthError) {
        guard let limited = earlyResend(after: last) else { return }
        noteEarlyResend(in: database)
        throw .limited(limited)
    }

    /// How long until another mail may be asked for after `last`; nil if it may be now.
    private func earlyResend(after last: Challenge?) -> Limited? {
        guard let last else { return nil }
        let wait = (last.mailedAt + policy.resendAfter) - now
        // A clock that was set back must not lock an address out for as long.
        guard wait > .seconds(0), wait <= policy.resendAfter else { return nil }
        return Limited(name: "resend", count: 1, window: policy.resendAfter, retryAfter: wait)
    }

    private func canBeSentAgain(_ challenge: Challenge) -> Bool {
        let left = challenge.expiresAt - now
        return !challenge.isUsed && challenge.attempts < policy.codeAttempts
            && left.milliseconds * 2 >= policy.codeLifetime.milliseconds
    }

    private func newChallenge(
        for target: ChallengeTarget, within limits: [Limit], in database: Database
    ) throws(AuthError) -> Challenge {
        let email = target.email
        let secrets = try secrets()
        let id = UUID.random()
        let code = LoginCode.derive(
            key: secrets.loginCodeKey, challenge: id, address: email.text, digits: policy.codeLength)
        let hash = try withHashing { (memory) throws(AuthError) -> String in
            // Of many that came at once some may have been over a limit since: they cost no hash.
            try refuse(over: limits, in: database)
            try refuse(earlyAfter: try Challenge.find(target, in: database), in: database)
            do throws(Argon2Error) {
                return try Argon2.hash(
                    code, cost: Policy.codeCost, pepper: secrets.pepper, in: memory)
            } catch {
                throw AuthError(error)
            }
        }
        let now = now
        return Challenge(
            email: email.text, id: id, codeHash: hash, attempts: 0, createdAt: now,
            expiresAt: now + policy.codeLifetime, mailedAt: now, isUsed: false)
    }
}

extension SignUp {
    /// Whether `email` may make an account.
    func welcomes(_ email: Email) -> Bool {
        switch self {
        case .open: true
        case .closed: false
        case .domains(let domains): domains.contains { $0.isSame(as: email.domain) }
        }
    }
}

extension Challenge {
    fileprivate func mailed(at now: Timestamp) -> Challenge {
        Challenge(
            email: email, id: id, codeHash: codeHash, attempts: attempts, createdAt: createdAt,
            expiresAt: expiresAt, mailedAt: now, isUsed: isUsed)
    }
}
