// Judges a code that somebody typed, whatever it is for.
//
// 1. Limits are judged first, then a place and memory to hash are taken; only then is anything counted.
//    So whoever is told to come back has lost nothing.
// 2. A guess is counted and committed before it is compared, so that no failure gives it back.
// 3. Without a live challenge the same work is done on a hash that nothing matches.
// 4. No account is looked at before the code has matched.

import Crypto
import System

/// A guess that was counted, and has matched.
struct RightGuess {
    let target: ChallengeTarget
    let challenge: UUID
    /// Whether the code was a test identity's.
    let isFixed: Bool
    /// How it was counted: as a guess of its network, and as a failure of its address.
    fileprivate let guesses: [Limit.Charge]
    fileprivate let failure: Limit.Charge
}

extension Auth {
    /// Compares `code`, as somebody typed it, with the one that was mailed for `target`.
    ///
    /// Spaces and hyphens that people type are dropped. A code of the wrong form costs no attempt.
    /// Throws `invalidCode` for a wrong, spent or expired code, `limited` after too many guesses from one network
    /// or for one address.
    func judge(_ code: String, for target: ChallengeTarget) throws(AuthError) -> RightGuess {
        let identity = target.user == nil ? testIdentity(of: target.email) : nil
        guard let digits = digits(of: code) else {
            event = AuditEvent(.signInFailed, detail: "form")
            throw .invalidCode
        }
        let secrets = try secrets()
        let database = try database()
        let isKnown = try isKnownNetwork(of: target.email, in: database)
        let failures = failureLimit(for: target, isKnown: isKnown)
        let limits = guessLimits + [failures]
        try refuse(over: limits, in: database)
        let guess = try withHashing { (memory) throws(AuthError) -> Guess? in
            try refuse(over: limits, in: database)
            let guess = try transaction(within: limits, in: database) {
                () throws(AuthError) in
                try count(target, as: failures, in: database)
            }
            let matches: Bool
            do throws(Argon2Error) {
                matches = try Argon2.verify(
                    digits,
                    against: identity?.codeHash(for: digits) ?? guess?.challenge.codeHash ?? unmatchable,
                    pepper: identity == nil ? secrets.pepper : [], in: memory)
            } catch {
                throw AuthError(error)
            }
            return matches ? guess : nil
        }
        guard let guess else {
            noteWrongCode(in: database)
            throw .invalidCode
        }
        return RightGuess(
            target: target, challenge: guess.challenge.id, isFixed: identity != nil,
            guesses: guess.guesses, failure: guess.failure)
    }

    /// Runs `body` in one transaction in which `guess` is used up; `body` hears whether it is the first to do so. If
    /// there was no room for that, the attempt is given back.
    func transaction<T>(
        using guess: RightGuess, in database: Database, _ body: (_ isFirst: Bool) throws(AuthError) -> T
    ) throws(AuthError) -> T {
        do throws(AuthError) {
            return try database.transaction { () throws(AuthError) -> T in
                try guess.failure.takeBack(in: database)
                return try body(
                    try Challenge.consume(
                        email: guess.target.email.text, id: guess.challenge, at: now, in: database))
            }
        } catch {
            if case .unavailable = error { giveBack(guess, in: database) }
            throw error
        }
    }

    /// The code was right, and there was no room to say so: whoever is told to come back loses no attempt. If
    /// there is no room for this either, it is lost.
    private func giveBack(_ guess: RightGuess, in database: Database) {
        try? database.transaction { () throws(AuthError) in
            try Challenge.takeBackAttempt(
                email: guess.target.email.text, id: guess.challenge, in: database)
            try guess.failure.takeBack(in: database)
            for charge in guess.guesses { try charge.takeBack(in: database) }
        }
    }

    /// The digits of `code`; nil if it has not the form of one. Where there are test identities, their form is
    /// everyone's: nobody is to learn by it, or by the time it takes, which addresses they are.
    private func digits(of code: String) -> [UInt8]? {
        let digits = code.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "-") }
        guard digits.count == policy.codeLength
            || (!testIdentities.isEmpty && TestIdentity.codeLength.contains(digits.count)),
            digits.allSatisfy({ $0 &- 0x30 < 10 })
        else { return nil }
        return digits
    }

    /// A guess that was counted.
    private struct Guess {
        let challenge: Challenge.Counted
        let guesses: [Limit.Charge]
        let failure: Limit.Charge
    }

    /// Counts a guess: for the network always, for the address and its challenge if there is a live one. nil
    /// if there is none to compare with. The guess counts as a failure until it has matched.
    private func count(
        _ target: ChallengeTarget, as failures: Limit, in database: Database
    ) throws(AuthError) -> Guess? {
        let now = now
        var guesses: [Limit.Charge] = []
        for limit in guessLimits { guesses.append(try limit.charge(at: now, in: database)) }
        let challenge = try Challenge.countAttempt(
            target, limit: policy.codeAttempts, at: now, in: database)
        guard let challenge else { return nil }
        return Guess(
            challenge: challenge, guesses: guesses, failure: try failures.charge(at: now, in: database))
    }

    /// The guess has been counted and judged: that its row in the audit cannot be written changes nothing in
    /// the answer, and the log has its line.
    private func noteWrongCode(in database: Database) {
        let failure = AuditEvent(.signInFailed, detail: "code")
        event = failure
        try? database.transaction { () throws(AuthError) in try record(failure, in: database) }
    }
}

extension TestIdentity {
    /// What `digits` are compared with. A short code is none, even if somebody hashed one.
    fileprivate func codeHash(for digits: [UInt8]) -> String {
        TestIdentity.codeLength.contains(digits.count) ? codeHash : unmatchable
    }
}

/// A hash of the codes' cost whose salt and tag no code was ever hashed to.
private let unmatchable =
    "$argon2id$v=19$m=\(Policy.codeCost.memory),t=\(Policy.codeCost.passes),p=1"
    + "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
