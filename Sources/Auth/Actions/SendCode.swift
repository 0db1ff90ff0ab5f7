// Asks for a code by mail. Never makes an account, and never tells whether there is one.

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
    /// Throws `limited` within `resendAfter` of the last mail to that address.
    package func sendCode(to email: Email) throws(AuthError) -> SentCode {
        let database = try database()
        // A new code is hashed before the transaction: nobody waits 28 ms for the database. Should the
        // old one be used in between, the second round makes the new one.
        for _ in 0..<2 {
            let last = try Challenge.find(email: email.text, in: database)
            try refuseEarlyResend(after: last)
            let new = try last.map(canBeSentAgain) == true ? nil : newChallenge(for: email)
            let sent = try database.transaction { () throws(AuthError) -> Challenge? in
                try send(to: email, orNew: new, in: database)
            }
            if let sent {
                return SentCode(
                    expiresIn: sent.expiresAt - sent.mailedAt, resendAfter: policy.resendAfter)
            }
        }
        throw .unavailable(reason: "the challenge changed twice meanwhile")
    }

    /// nil if a new challenge is needed after all.
    private func send(
        to email: Email, orNew new: Challenge?, in database: Database
    ) throws(AuthError) -> Challenge? {
        let now = now
        let last = try Challenge.find(email: email.text, in: database)
        try refuseEarlyResend(after: last)
        let challenge: Challenge
        if let last, canBeSentAgain(last) {
            try last.noteMail(at: now, in: database)
            challenge = last.mailed(at: now)
        } else if let new {
            try new.replaceLast(in: database)
            challenge = new
        } else {
            return nil
        }
        if try maySignIn(email, in: database) {
            try MailItem.enqueue(for: challenge, at: now, in: database)
        }
        return challenge
    }

    private func refuseEarlyResend(after last: Challenge?) throws(AuthError) {
        guard let last else { return }
        let wait = (last.mailedAt + policy.resendAfter) - now
        // A clock that was set back must not lock an address out for as long.
        guard wait > .seconds(0), wait <= policy.resendAfter else { return }
        throw .limited(
            Limited(name: "resend", count: 1, window: policy.resendAfter, retryAfter: wait))
    }

    private func canBeSentAgain(_ challenge: Challenge) -> Bool {
        let left = challenge.expiresAt - now
        return !challenge.isUsed && challenge.attempts < policy.codeAttempts
            && left.milliseconds * 2 >= policy.codeLifetime.milliseconds
    }

    private func newChallenge(for email: Email) throws(AuthError) -> Challenge {
        let secrets = try secrets()
        let id = UUID.random()
        let code = LoginCode.derive(
            key: secrets.loginCodeKey, challenge: id, address: email.text, digits: policy.codeLength)
        let hash: String
        do throws(Argon2Error) {
            hash = try Argon2.hash(code, cost: Policy.codeCost, pepper: secrets.pepper)
        } catch {
            throw AuthError(error)
        }
        let now = now
        return Challenge(
            email: email.text, id: id, codeHash: hash, attempts: 0, createdAt: now,
            expiresAt: now + policy.codeLifetime, mailedAt: now, isUsed: false)
    }

    /// Whether a code for `email` could lead to a session.
    func maySignIn(_ email: Email, in database: Database) throws(AuthError) -> Bool {
        let isWelcome =
            switch policy.signUp {
            case .open: true
            case .closed: false
            case .domains(let domains): domains.contains { $0.utf8.elementsEqual(email.domain.utf8) }
            }
        if isWelcome { return true }
        return try User.find(email: email.text, in: database) != nil
    }
}

extension Challenge {
    fileprivate func mailed(at now: Timestamp) -> Challenge {
        Challenge(
            email: email, id: id, codeHash: codeHash, attempts: attempts, createdAt: createdAt,
            expiresAt: expiresAt, mailedAt: now, isUsed: isUsed)
    }
}
