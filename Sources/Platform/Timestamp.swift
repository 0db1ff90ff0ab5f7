// A moment, and the three ways to write it: in the API, in mail, in a log.
//
// Arithmetic never traps: files, rows and clocks may contain any number, and a result that does not fit becomes the
// last moment, or the first.

import CLibc

/// A moment in UTC, in milliseconds since 1970, as the database holds it.
package struct Timestamp: Equatable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds; negative before that.
    package let milliseconds: Int64

    /// The moment `milliseconds` after 1970-01-01T00:00:00Z; any number works.
    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// A moment in whole seconds since 1970, as in a token's claims.
    package init(seconds: Int64) {
        milliseconds = product(seconds, 1000)
    }

    /// A moment from a file system.
    init(_ time: timespec) {
        milliseconds = sum(product(Int64(time.tv_sec), 1000), Int64(time.tv_nsec) / 1_000_000)
    }

    /// The first moment of a day, written `2026-12-31`; nil for anything else, including 31 February.
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

    /// A moment as it is displayed, in UTC: a day, optionally with a time to the minute, the second or the
    /// millisecond, such as `2026-12-31`, `2026-12-31 23:59:59`, `2026-12-31T23:59:59.162Z`; nil for anything else.
    package init?(shown text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, let day = Timestamp(day: String(decoding: bytes[..<10], as: UTF8.self)) else { return nil }
        // After the day, at each place: a digit (0), or this character.
        let form = Array(" 00:00:00.000".utf8)
        var rest = bytes[10...]
        if rest.last == UInt8(ascii: "Z") { rest.removeLast() }
        guard [0, 6, 9, 13].contains(rest.count) else { return nil }
        var numbers: [Int64] = [0, 0, 0, 0]
        var place = 0
        for (byte, expected) in zip(rest, form) {
            if expected == 0x30 {
                guard byte &- 0x30 < 10 else { return nil }
                numbers[place - 1] = numbers[place - 1] * 10 + Int64(byte - 0x30)
            } else {
                guard byte == expected || (place == 0 && byte == UInt8(ascii: "T")) else { return nil }
                place += 1
            }
        }
        guard numbers[0] < 24, numbers[1] < 60, numbers[2] < 60 else { return nil }
        self = day + .hours(numbers[0]) + .minutes(numbers[1]) + .seconds(numbers[2]) + Duration(milliseconds: numbers[3])
    }

    /// The system's clock.
    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 { floorDivision(milliseconds, 1000) }

    /// Whether `a` is earlier than `b`.
    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    /// The moment `duration` after `a`, or the nearest one that fits.
    package static func + (a: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: sum(a.milliseconds, duration.milliseconds))
    }

    /// The moment `duration` before `a`, or the nearest one that fits.
    package static func - (a: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: difference(a.milliseconds, duration.milliseconds))
    }

    /// How much later `a` is than `b`; negative if it is earlier. Or the nearest duration that fits.
    package static func - (a: Timestamp, b: Timestamp) -> Duration {
        Duration(milliseconds: difference(a.milliseconds, b.milliseconds))
    }

    /// RFC 3339 with milliseconds: `2025-06-27T04:54:08.162Z`.
    package var text: String {
        let date = Calendar(self)
        let thousandths = (milliseconds % 1000 + 1000) % 1000
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
    /// Its length in milliseconds; negative from a later moment to an earlier one.
    package let milliseconds: Int64

    /// A length of `milliseconds`; any number works.
    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// `count` times 1000 milliseconds; the nearest duration that fits.
    package static func seconds(_ count: Int64) -> Duration { Duration(milliseconds: product(count, 1000)) }
    /// `count` times 60 seconds; the nearest duration that fits.
    package static func minutes(_ count: Int64) -> Duration { .seconds(product(count, 60)) }
    /// `count` times 60 minutes; the nearest duration that fits.
    package static func hours(_ count: Int64) -> Duration { .minutes(product(count, 60)) }
    /// `count` times 24 hours; the nearest duration that fits.
    package static func days(_ count: Int64) -> Duration { .hours(product(count, 24)) }

    /// Whether `a` has fewer milliseconds than `b`; a negative duration is less than zero.
    package static func < (a: Duration, b: Duration) -> Bool { a.milliseconds < b.milliseconds }
    /// The sum of both durations, or the nearest one that fits.
    package static func + (a: Duration, b: Duration) -> Duration {
        Duration(milliseconds: sum(a.milliseconds, b.milliseconds))
    }

    /// Whole seconds, rounded up, for clients.
    package var secondsRoundedUp: Int64 { -floorDivision(difference(0, milliseconds), 1000) }
}

/// A monotonic clock: setting the time does not change it.
package enum Uptime {
    /// The time since some fixed moment.
    package static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Duration(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// The parts of a moment in the Gregorian calendar.
private struct Calendar {
    let year, month, day, hour, minute, second, weekday: Int64

    /// Counts days in eras of 400 years that begin on 1 March.
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

/// `a + b`, or the nearest number that fits.
func sum(_ a: Int64, _ b: Int64) -> Int64 {
    let (result, overflow) = a.addingReportingOverflow(b)
    return overflow ? (a < 0 ? .min : .max) : result
}

/// `a - b`, or the nearest number that fits.
func difference(_ a: Int64, _ b: Int64) -> Int64 {
    let (result, overflow) = a.subtractingReportingOverflow(b)
    return overflow ? (a < 0 ? .min : .max) : result
}

/// `a * b`, or the nearest number that fits.
func product(_ a: Int64, _ b: Int64) -> Int64 {
    let (result, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? ((a < 0) == (b < 0) ? .max : .min) : result
}

private func floorDivision(_ a: Int64, _ b: Int64) -> Int64 {
    let quotient = a / b
    return a % b < 0 ? quotient - 1 : quotient
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
