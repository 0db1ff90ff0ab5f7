// Numbers that statements and transactions depend on. The numbers of the rules are in Auth's Policy.

package import Platform

/// Bounds on what is read, and on how long a transaction waits.
package enum StoreBounds {
    /// Projects, members and invitations that one answer lists within another object.
    package static let listedWithin = 100
    /// Known networks of one address. One more replaces the least recently used.
    package static let networksPerEmail: Int64 = 100
    /// How much the clocks of machines that share a database may differ, or one clock before and after a correction. A time
    /// further ahead of now came from a wrong clock, and is not valid.
    package static let clockTolerance = Duration.minutes(1)
    /// How long a request waits for others that write.
    package static let writeWait = Duration.seconds(5)
    /// The same for writes that can be skipped.
    package static let shortWriteWait = Duration(milliseconds: 50)
    /// The longest wait before the next attempt at a mail, unless a thirty-second of the mail's life is longer.
    package static let longestMailBackOff = Duration.seconds(120)
    /// The most mails of the outbox that are counted, for numbers that are read often: under a millisecond.
    package static let countedMails: Int64 = 10_000
    /// The largest `accessLifetime`. A token with a longer life was not issued here, so an old stolen signing key is of use
    /// only this long.
    package static let longestAccessLifetime = Duration.hours(24)
    /// How much longer than its last token an old signing key is kept: longer than a request takes.
    package static let keyOverlap = Duration.minutes(1)
}

extension Timestamp {
    /// Whether this time came from a clock that was wrong then, or the clock is wrong now.
    package func isFuture(at now: Timestamp) -> Bool { self > now + StoreBounds.clockTolerance }
}
