// Numbers that statements and transactions depend on. The numbers of the rules are in Auth's Policy.

package import Platform

/// Bounds of what is read, and of how long a transaction waits.
package enum StoreBounds {
    /// Projects, members, and invitations that are listed within an answer.
    package static let listedWithin = 100
    /// Networks that are known to belong to one address; beyond that the least recently used is forgotten.
    package static let networksPerEmail: Int64 = 100
    /// Clocks of machines that share a database, or one that is being corrected, differ by no more than this. What was made
    /// later than that from now was made by a wrong clock, and is not good.
    package static let clockTolerance = Duration.minutes(1)
    /// How long a request waits for others that write.
    package static let writeWait = Duration.seconds(5)
    /// The same for what can be left out.
    package static let shortWriteWait = Duration(milliseconds: 50)
    /// The longest wait before the next attempt at a mail, unless a thirty-second of the mail's life is longer.
    package static let longestMailBackOff = Duration.seconds(120)
    /// Mails of the outbox that are counted at most, for numbers that are asked for often: under a millisecond.
    package static let countedMails: Int64 = 10_000
    /// What `accessLifetime` may be at most: a token that says it lives longer is none of ours, and whoever holds an old
    /// signing key can do no more with it.
    package static let longestAccessLifetime = Duration.hours(24)
    /// How much longer than its last token's life an old signing key is kept: longer than a request takes.
    package static let keyOverlap = Duration.minutes(1)
}

extension Timestamp {
    /// Whether what was made at this moment was made by a clock that was wrong then, or is wrong now.
    package func isFuture(at now: Timestamp) -> Bool { self > now + StoreBounds.clockTolerance }
}
