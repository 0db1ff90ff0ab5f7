// A moment, and the three ways it is written: on the wire, in mail, in a log.

import CLibc

/// A moment in UTC, in milliseconds since 1970, as the database holds it.
package struct Timestamp: Equatable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// A moment in whole seconds since 1970, as in a token's claims.
    package init(seconds: Int64) {
        milliseconds = seconds * 1000
    }

    /// The first moment of a day, written `2026-12-31`; nil for anything else, a 31 February too.
    package init?(day text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else {
            return nil
        }
        func number(_ range: Range<Int>) -> Int64? {
            var number: Int64 = 0
            for byte in bytes[range] {
                guard byte &- 0x30 < 10 else { return nil }
                number = number * 10 + Int64(byte &- 0x30)
            }
            return number
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            1...12 ~= month, 1...31 ~= day
        else { return nil }
        let shifted = month > 2 ? year : year - 1
        let (era, yearOfEra) = (floorDivision(shifted, 400), shifted - floorDivision(shifted, 400) * 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        self.init(seconds: (era * 146_097 + dayOfEra - 719_468) * 86400)
        let date = Calendar(self)
        guard date.month == month, date.day == day else { return nil }
    }

    /// The system's clock.
    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 { floorDivision(milliseconds, 1000) }

    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    package static func + (a: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: a.milliseconds + duration.milliseconds)
    }

    package static func - (a: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: a.milliseconds - duration.milliseconds)
    }

    package static func - (a: Timestamp, b: Timestamp) -> Duration {
        Duration(milliseconds: a.milliseconds - b.milliseconds)
    }

    /// RFC 3339 with milliseconds: `2025-06-27T04:54:08.162Z`.
    package var text: String {
        let date = Calendar(self)
        let thousandths = milliseconds - seconds * 1000
        guard 0...9999 ~= date.year else {
            return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
                + "T\(padded(date.hour, 2)):\(padded(date.minute, 2)):\(padded(date.second, 2))"
                + ".\(padded(thousandths, 3))Z"
        }
        return String(asciiCount: 24) { text in
            var place = 0
            func put(_ number: Int64, _ width: Int, _ end: Unicode.Scalar) {
                var rest = number
                for digit in stride(from: place + width - 1, through: place, by: -1) {
                    text[digit] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                text[place + width] = UInt8(ascii: end)
                place += width + 1
            }
            put(date.year, 4, "-")
            put(date.month, 2, "-")
            put(date.day, 2, "T")
            put(date.hour, 2, ":")
            put(date.minute, 2, ":")
            put(date.second, 2, ".")
            put(thousandths, 3, "Z")
        }
    }

    /// RFC 5322 §3.3: `Fri, 27 Jun 2025 04:54:08 +0000`.
    package var mailDate: String {
        let date = Calendar(self)
        return "\(dayNames[Int(date.weekday)]), \(padded(date.day, 2)) \(monthNames[Int(date.month) - 1])"
            + " \(padded(date.year, 4))"
            + " \(padded(date.hour, 2)):\(padded(date.minute, 2)):\(padded(date.second, 2)) +0000"
    }
}

/// A length of time.
package struct Duration: Equatable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func seconds(_ count: Int64) -> Duration { Duration(milliseconds: count * 1000) }
    package static func minutes(_ count: Int64) -> Duration { .seconds(count * 60) }
    package static func hours(_ count: Int64) -> Duration { .minutes(count * 60) }
    package static func days(_ count: Int64) -> Duration { .hours(count * 24) }

    package static func < (a: Duration, b: Duration) -> Bool { a.milliseconds < b.milliseconds }
    package static func + (a: Duration, b: Duration) -> Duration {
        Duration(milliseconds: a.milliseconds + b.milliseconds)
    }

    /// Whole seconds, rounded up: what a client is told to wait, or what is left.
    package var secondsRoundedUp: Int64 { -floorDivision(-milliseconds, 1000) }
}

/// A clock that nobody sets.
package enum Uptime {
    /// Since some moment in the past.
    package static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Duration(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// The parts of a moment in the Gregorian calendar.
private struct Calendar {
    let year, month, day, hour, minute, second, weekday: Int64

    /// Days to a date by counting eras of 400 years that begin on 1 March.
    init(_ moment: Timestamp) {
        let days = floorDivision(moment.seconds, 86400)
        let time = moment.seconds - days * 86400
        hour = time / 3600
        minute = time / 60 % 60
        second = time % 60
        weekday = (days % 7 + 11) % 7  // 1 January 1970 was a Thursday, 4

        let shifted = days + 719_468  // days since 1 March of year 0
        let era = floorDivision(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

private let dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
private let monthNames = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]

private func floorDivision(_ a: Int64, _ b: Int64) -> Int64 {
    let quotient = a / b
    return a % b < 0 ? quotient - 1 : quotient
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
