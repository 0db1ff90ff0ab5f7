// Tags, and the `Accept-Language` headers of browsers and other clients.

import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct LanguageTests {
    @Test(arguments: [
        ("en", Language.english), ("de", .german), ("fr", .french), ("es", .spanish), ("ja", .japanese),
        ("zh", .chinese), ("EN", .english), ("dE", .german), ("de-AT", .german), ("DE-Latn-CH-1996", .german),
        ("zh-Hant-TW", .chinese), ("es-419", .spanish), ("en-x-pirate", .english),
    ]) func aTagIsReadByItsPrimarySubtag(tag: String, language: Language) {
        #expect(Language(tag: tag) == language)
    }

    @Test(arguments: [
        "", "-", "*", "it", "e", "eng", "deu", "english", "den", "x-de", "i-default", "de_AT", "de-", "-de", "de--AT",
        "de-toolongasubtag", " de", "de ", "de\n", "de\0", "d\u{E9}", "ｄｅ", "d\u{301}e", "日本語", "de;q=1", "de,fr", "d\u{5}",
    ]) func isNoTagOfOurs(_ tag: String) {
        #expect(Language(tag: tag) == nil)
    }

    @Test func everyLanguageIsReadFromItsTag() {
        for language in Language.allCases { #expect(Language(tag: language.tag) == language) }
        #expect(Language.allCases.map(\.tag) == ["en", "de", "fr", "es", "ja", "zh"])
    }

    @Test(arguments: [
        // Browsers send these.
        ("de", Language.german),
        ("en-US,en;q=0.5", .english),
        ("de-AT,de;q=0.9,en-US;q=0.8,en;q=0.7", .german),
        ("zh-TW,zh;q=0.9,en;q=0.8", .chinese),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", .french),
        ("it-IT,it;q=0.9,es;q=0.8", .spanish),
        ("JA", .japanese),
        // The weight decides, then the order.
        ("en;q=0.1, de;q=0.2", .german),
        ("en;q=0.8, de", .german),
        ("fr, de, en", .french),
        ("es;q=0.5, ja;q=0.5, en;q=0.4", .spanish),
        ("es;q=0.50, ja;q=0.501", .japanese),
        ("de;q=1, en;q=1.000, fr;q=1.", .german),
        ("de;q=0.001", .german),
        ("de;q=0.3, en;q=0.5, de-AT;q=0.9", .german),
        // Weight 0 excludes the tag, also for ranges that are shortened to it.
        ("en;q=0, de;q=0.1", .german),
        ("en-GB, en;q=0, fr;q=0.1", .french),
        ("de;q=0.000, de, ja;q=0.1", .japanese),
        ("zh-TW;q=0, zh", .chinese),
        ("de, *;q=0", .german),
        // `*` stands for the default language: other ranges come first, whatever their weight.
        ("*, es;q=0.2", .spanish),
        ("it, *;q=0.9, fr;q=0.1", .french),
        // Odd but well-formed.
        (" \t de \t;\t q=0.7 \t,\ten;Q=0.6 ", .german),
        (",,, ,\t,ja,,", .japanese),
        ("xx-de, de-1996-x-a", .german),
        // Malformed parts are ignored.
        ("de;q=2, en;q=0.1", .english),
        ("de;q=1.001, en;q=0.1", .english),
        ("de;q=-1, de;q=+1, de;q=.9, de;q=0.1234, de;q=1e0, de;q=0x1, de;q=NaN, en;q=0.1", .english),
        ("de;q, de;q=, de;, de;;q=1, de;q=1;q=1, de;level=1, de;q =1, de;q= 1, en;q=0.1", .english),
        ("de_AT, de-, d e, \"de\", <de>, *-de, de=1, en;q=0.1", .english),
        ("de\0, de\r\n, d\u{301}e, ｄｅ, fr;q=0.1", .french),
        ("de;q=0,5, en", .english),
        ("de;q=99999999999999999999999999, fr;q=0.18446744073709551616, ja", .japanese),
    ]) func theWishLeadsTo(header: String, language: Language) {
        #expect(Language.preferred(acceptLanguage: header) == language)
    }

    @Test(arguments: [
        "", " ", ",", ";", "-", "=", "*", "*;q=0", "*;q=0.5", "it", "it, pt-BR;q=0.5", "de;q=0", "en;q=0, *", "q=1", ";q=1",
        "de fr", "de;fr", "\0", "\r\nde", "\u{FFFD}", "🇩🇪", "de\u{301}", "i-default, x-de", "'; DROP TABLE users; --",
    ]) func aHeaderThatNamesNoneOfOursLeavesTheDefault(header: String) {
        #expect(Language.preferred(acceptLanguage: header) == nil)
    }

    @Test func onlyTheFirstKibibyteIsRead() {
        func header(_ end: String, at start: Int) -> String { String(repeating: ",", count: start) + end }
        #expect(Language.preferred(acceptLanguage: header("de", at: 1022)) == .german)
        #expect(Language.preferred(acceptLanguage: header("de", at: 1023)) == nil)
        #expect(Language.preferred(acceptLanguage: header("de-AT", at: 1022)) == nil)
        // The cut part is dropped whole: neither `de;q=0` nor `de;q=0.1` remains.
        #expect(Language.preferred(acceptLanguage: "de;q=0.1" + header("de;q=0.9", at: 1024 - 8 - 6)) == .german)
        #expect(Language.preferred(acceptLanguage: "en;q=0.5" + header("de;q=0.9", at: 1024 - 8 - 4)) == .english)
        #expect(Language.preferred(acceptLanguage: String(repeating: "é", count: 3_000) + ",de") == nil)
        #expect(Language.preferred(acceptLanguage: "ja," + String(repeating: "日", count: 3_000)) == .japanese)
    }

    @Test func noHeaderIsTooMuch() {
        for piece in ["a", ",", ";", "-", "*", "de", "de,", "de;q=0,", "-de", ";q=1", " ", "\t", "\0", "e\u{301}", "😀"] {
            for count in [1, 2, 7, 511, 512, 1_023, 1_024, 1_025, 100_000] {
                let header = String(repeating: piece, count: count)
                let language = Language.preferred(acceptLanguage: header)
                #expect(language == nil || language == .german)
            }
        }
    }

    @Test func randomTextNeverTraps() {
        let pieces = ["de", "en", "fr-CA", "*", "-", ",", ";", "q=", "0", "1", ".", "5", "=", " ", "\t", "é", "\0", "zh-Hant"]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            var header = ""
            for _ in 0..<Int.random(in: 0...40, using: &generator) { header += pieces.randomElement(using: &generator)! }
            // An unsupported part changes nothing.
            let language = Language.preferred(acceptLanguage: header)
            #expect(Language.preferred(acceptLanguage: "it,\(header)") == language, "\(header)")
        }
    }
}
