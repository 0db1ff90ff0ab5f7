// Timestamps in text, and durations.

import Platform
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 +0000"),
            (1_750_999_448_162, "2025-06-27T04:44:08.162Z", "Fri, 27 Jun 2025 04:44:08 +0000"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 +0000"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z", "Thu, 29 Feb 2024 23:59:59 +0000"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z", "Fri, 01 Mar 2024 00:00:00 +0000"),
            (1_740_787_199_001, "2025-02-28T23:59:59.001Z", "Fri, 28 Feb 2025 23:59:59 +0000"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 +0000"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z", "Sun, 28 Feb 2100 23:59:59 +0000"),
            (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 +0000"),
            (-2_208_988_800_000, "1900-01-01T00:00:00.000Z", "Mon, 01 Jan 1900 00:00:00 +0000"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 +0000"),
        ] as [(Int64, String, String)])
    func aMomentIsWritten(milliseconds: Int64, text: String, mailDate: String) {
        #expect(Timestamp(milliseconds: milliseconds).text == text)
        #expect(Timestamp(milliseconds: milliseconds).mailDate == mailDate)
    }

    @Test func arithmeticEndsAtTheLastMomentAndTheFirst() {
        let (first, last) = (Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))
        #expect(last + .days(1) == last && first - .days(1) == first)
        #expect(last - .days(1) < last && first + .days(1) > first)
        #expect((last - first).milliseconds == .max && (first - last).milliseconds == .min)
        #expect(Timestamp(seconds: .max) == last && Timestamp(seconds: .min) == first)
        #expect(Duration.days(.max).milliseconds == .max && Duration.days(.min).milliseconds == .min)
        #expect((Duration(milliseconds: .max) + .seconds(1)).milliseconds == .max)
        #expect(Duration(milliseconds: .min).secondsRoundedUp < 0 && Duration(milliseconds: .max).secondsRoundedUp > 0)
        for moment in [first, last] { #expect(!moment.text.isEmpty && !moment.mailDate.isEmpty) }
    }

    @Test func aMomentIsReadAsItIsShown() {
        for (text, shown) in [
            ("2026-12-31", "2026-12-31T00:00:00.000Z"), ("2026-12-31 23:59", "2026-12-31T23:59:00.000Z"),
            ("2026-12-31 23:59:58", "2026-12-31T23:59:58.000Z"), ("2026-12-31T23:59:58.007Z", "2026-12-31T23:59:58.007Z"),
        ] {
            #expect(Timestamp(shown: text)?.text == shown, "\(text)")
        }
        for text in [
            "", "2026-12-31 ", "2026-12-31 24:00", "2026-12-31 23:60", "2026-12-31 2:30", "2026-12-31 23:59:", "2026-02-31 00:00",
            "2026-12-31  23:59", "2026-12-31_23:59", "2026-12-31 23-59", "2026-12-31 23:59:58.07", "2026-12-31 23:59:58 UTC",
        ] {
            #expect(Timestamp(shown: text) == nil, "\(text)")
        }
    }

    @Test func aDayIsReadAsItsFirstMoment() {
        for day in ["1970-01-01", "2000-02-29", "2024-02-29", "2026-12-31", "2100-02-28", "0001-01-01", "9999-12-31"] {
            #expect(Timestamp(day: day)?.text == "\(day)T00:00:00.000Z")
        }
        for text in [
            "2025-02-29", "2100-02-29", "2026-02-31", "2026-04-31", "2026-00-01", "2026-13-01", "2026-01-00", "2026-01-32",
            "2026-1-1",
            "2026/01/01", "+026-01-01", "２026-01-01", "2026-01-011", "",
        ] {
            #expect(Timestamp(day: text) == nil, "\(text)")
        }
    }

    @Test func secondsAreRoundedTowardsThePast() {
        for (milliseconds, seconds) in [(0, 0), (999, 0), (1000, 1), (-1, -1), (-1000, -1), (-1001, -2)] as [(Int64, Int64)] {
            #expect(Timestamp(milliseconds: milliseconds).seconds == seconds)
        }
    }

    @Test func waitsAreRoundedUp() {
        for (milliseconds, seconds) in [(0, 0), (1, 1), (1000, 1), (1001, 2), (-1, 0), (-999, 0), (-1000, -1)] as [(Int64, Int64)]
        {
            #expect(Duration(milliseconds: milliseconds).secondsRoundedUp == seconds)
        }
        #expect(Duration.days(1).milliseconds == 86_400_000)
        #expect(Timestamp(seconds: 60) - Timestamp(seconds: 1) == .seconds(59))
        #expect(Timestamp(seconds: 60) - .minutes(1) + .hours(1) == Timestamp(seconds: 3600))
    }
}
