// Verifies the codes that users type, for every purpose.
//
// 1. Limits come first, then a slot and memory to hash; only then is a guess counted. So a client that has to come back
//    later loses nothing.
// 2. A guess is counted and committed before it is compared, so that no failure gives it back.
// 3. Without a live challenge, the same work runs on a hash that nothing matches.
// 4. No account is read before the code has matched.
// 5. A code works only for its purpose. Failures count for the address that the code was mailed to, whatever the purpose
//    and the source.

import Cryptography
import Platform
import Store

/// A code that a user typed, and its target.
struct TypedCode {
    /// As typed.
    let text: String
    let target: ChallengeTarget

    init(_ text: String, for target: ChallengeTarget) {
        self.text = text
        self.target = target
    }

    /// The typed digits in ASCII; nil if no code has that many, or that few.
    ///
    /// Anything between digits is ignored. Full-width digits count: Chinese and Japanese input methods produce them.
    fileprivate func digits(in lengths: ClosedRange<Int>) -> [UInt8]? {
        var digits: [UInt8] = []
        for scalar in text.unicodeScalars {
            let first: UInt32 = scalar.value < 0xFF10 ? 0x30 : 0xFF10
            let digit = scalar.value &- first
            if digit < 10 { digits.append(0x30 + UInt8(digit)) }
            guard digits.count <= lengths.upperBound else { return nil }
        }
        return digits.count >= lengths.lowerBound ? digits : nil
    }
}

/// Guesses that were counted and all matched.
struct VerifiedCode {
    /// Whether one of the codes is a test identity's.
    let isFixed: Bool
    fileprivate let guesses: [Guess]
    /// How the guesses were counted for their network.
    fileprivate let charges: [Limit.Charge]

    fileprivate var locks: [Lock] { guesses.map { .address($0.challenge.email) } }
}

/// A guess that was counted.
private struct Guess {
    let challenge: Challenge
    /// How the guess was counted as a failure of its address.
    let failure: Limit.Charge
}

/// The result of counting a guess.
private enum Counting {
    case counted(Guess)
    /// There is a live code with no attempts left.
    case exhausted
    /// There is nothing to compare the guess with.
    case none
}

extension Auth {
    /// Compares each of `codes` with the one that was mailed for its target.
    ///
    /// A code of the wrong form costs no attempt. Throws `invalidCode` if one is wrong, used or expired, without saying
    /// which; `codeExhausted` if one has no attempts left; `limited` after too many guesses from one network or for one
    /// address.
    func verify(_ codes: TypedCode...) throws(AuthError) -> VerifiedCode {
        var typed: [[UInt8]] = []
        for code in codes {
            guard let digits = code.digits(in: lengths) else {
                event = AuditEvent(.signInFailed, detail: "form")
                throw .invalidCode
            }
            typed.append(digits)
        }
        let secrets = try secrets()
        let database = try database()
        let identity = codes[0].target.purpose == .signIn ? testIdentity(of: codes[0].target.email) : nil
        var failures: [Limit] = []
        for code in codes {
            let email = code.target.email
            failures.append(failureLimit(for: email, isKnown: try isKnownNetwork(of: email, in: database)))
        }
        let limits = guessLimits + failures
        try refuse(over: limits, in: database)
        let (counted, charges, matches) = try withHashing {
            (memory) throws(AuthError) -> ([Counting], [Limit.Charge], [Bool]) in
            let addresses = codes.map { Lock.address($0.target.email.text) }
            let (counted, charges) = try write(within: limits, locking: addresses, in: database) {
                () throws(AuthError) -> ([Counting], [Limit.Charge]) in
                var charges: [Limit.Charge] = []
                for limit in guessLimits { charges.append(try limit.charge(at: now, in: database)) }
                var counted: [Counting] = []
                for index in codes.indices {
                    counted.append(
                        try count(typed[index], for: codes[index].target, as: failures[index], in: database))
                }
                return (counted, charges)
            }
            var matches: [Bool] = []
            for index in codes.indices {
                do throws(Argon2Error) {
                    matches.append(
                        try Argon2.verify(
                            typed[index],
                            against: identity?.codeHash(for: typed[index]) ?? counted[index].hash ?? unmatchable,
                            pepper: identity == nil ? secrets.pepper : [], in: memory))
                } catch {
                    throw AuthError(error)
                }
            }
            return (counted, charges, matches)
        }
        var right: [Guess] = []
        var (wasCompared, isExhausted) = (false, false)
        for (counting, matches) in zip(counted, matches) {
            switch counting {
            case .counted(let guess):
                if matches { right.append(guess) } else { wasCompared = true }
            case .exhausted: isExhausted = true
            case .none: break
            }
        }
        guard right.count == codes.count else {
            noteFailure(
                isExhausted ? "exhausted" : "code", for: secrets.pseudonym(of: codes[0].target.email.text), right,
                wasCompared: wasCompared, in: database)
            throw isExhausted ? .codeExhausted : .invalidCode
        }
        return VerifiedCode(isFixed: identity != nil, guesses: right, charges: charges)
    }

    /// Runs `body` in one transaction that uses `guess` up, with the addresses that its codes were mailed to and `locks`; `body` gets whether it is the first to do so. If there is no
    /// room for the write, the attempt is given back.
    func write<T>(
        using guess: VerifiedCode, locking locks: @autoclosure () -> [Lock] = [], in database: Database,
        _ body: (_ isFirst: Bool) throws(AuthError) -> T
    ) throws(AuthError) -> T {
        do throws(AuthError) {
            return try database.write(locking: guess.locks + locks()) { () throws(AuthError) -> T in
                var isFirst = true
                for guess in guess.guesses {
                    try guess.failure.takeBack(in: database)
                    let challenge = guess.challenge
                    if try !Challenge.consume(email: challenge.email, id: challenge.id, at: now, in: database) {
                        isFirst = false
                    }
                }
                return try body(isFirst)
            }
        } catch {
            if case .unavailable = error { giveBack(guess, in: database) }
            throw error
        }
    }

    /// The code was right, but there was no room to write: the user loses no attempt. If there is no room for this write
    /// either, the attempt is lost.
    private func giveBack(_ guess: VerifiedCode, in database: Database) {
        try? database.write(locking: guess.locks) { () throws(AuthError) in
            for guess in guess.guesses {
                let challenge = guess.challenge
                try Challenge.takeBackAttempt(email: challenge.email, id: challenge.id, in: database)
                try guess.failure.takeBack(in: database)
            }
            for charge in guess.charges { try charge.takeBack(in: database) }
        }
    }

    /// How many digits a code may have here. With test identities, all addresses accept their lengths: neither the
    /// answer nor its time may reveal which addresses are test identities.
    private var lengths: ClosedRange<Int> {
        testIdentities.isEmpty ? Policy.codeLengths : Policy.codeLengths.lowerBound...TestIdentity.codeLength.upperBound
    }

    /// Counts a guess for `target`, if a live challenge can be compared with it. It counts as a failure until it has
    /// matched.
    private func count(
        _ digits: [UInt8], for target: ChallengeTarget, as failures: Limit, in database: Database
    ) throws(AuthError) -> Counting {
        let now = now
        guard let challenge = try Challenge.find(target, else: CodeTerms(policy), in: database), challenge.isLive(at: now)
        else { return .none }
        guard !challenge.isExhausted else { return .exhausted }
        // A code of the wrong form costs no attempt.
        guard
            digits.count == challenge.terms.digits
                || (!testIdentities.isEmpty && TestIdentity.codeLength.contains(digits.count))
        else { return .none }
        guard try challenge.countAttempt(in: database) else { return .exhausted }
        return .counted(Guess(challenge: challenge, failure: try failures.charge(at: now, in: database)))
    }

    /// The guesses are already counted and compared, so if this write fails the answer stays the same, and the log has its
    /// line. A right code beside a wrong one is not a failure. Guesses that were not compared are recorded like refusals,
    /// since nothing else bounds them.
    private func noteFailure(
        _ detail: StaticString, for pseudonym: UUID?, _ right: [Guess], wasCompared: Bool, in database: Database
    ) {
        let failure = AuditEvent(.signInFailed, subject: pseudonym, detail: detail)
        event = failure
        guard wasCompared || !right.isEmpty else { return noteUncomparedGuess(failure, in: database) }
        try? database.write { () throws(AuthError) in
            for guess in right { try guess.failure.takeBack(in: database) }
            try record(failure, in: database)
        }
    }
}

extension Counting {
    /// The hash to compare the guess with; nil if there is none.
    fileprivate var hash: String? {
        if case .counted(let guess) = self { return guess.challenge.codeHash }
        return nil
    }
}

extension TestIdentity {
    /// The hash to compare `digits` with. A short code never matches, even if a stored hash is of one.
    fileprivate func codeHash(for digits: [UInt8]) -> String {
        TestIdentity.codeLength.contains(digits.count) ? codeHash : unmatchable
    }
}

/// A hash of the codes' cost whose salt and tag no code ever had.
private let unmatchable =
    "$argon2id$v=19$m=\(Policy.codeCost.memory),t=\(Policy.codeCost.passes),p=1"
    + "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
