// Texts of mail: every kind in every language, and whole mails.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

private let everyMail = Language.allCases.flatMap { language in MailKind.allCases.map { (language, $0) } }

/// The distinct `{…}` placeholders in `text`.
private func placeholders(_ text: String) -> Set<String> {
    Set(text.split(separator: "{").dropFirst(text.hasPrefix("{") ? 0 : 1).map { "{\($0.prefix { $0 != "}" })}" })
}

/// How often `piece` occurs in `text`.
private func count(_ piece: String, in text: String) -> Int {
    text.split(separator: piece, omittingEmptySubsequences: false).count - 1
}

@Suite struct MailTextsTests {
    @Test func everyKindHasANameForFiles() {
        #expect(
            MailKind.allCases.map(\.name)
                == [
                    "code", "email-code", "current-email-code", "deletion-code", "email-changed", "email-given",
                    "new-network", "key-expiry", "invitation", "account-deleted", "key-created", "owner-made", "access-given",
                    "access-ended",
                    "notices-off", "project-deleted",
                ])
    }

    @Test(arguments: everyMail) func nothingIsEmpty(language: Language, kind: MailKind) {
        let texts = MailTexts(kind, language, 5)
        #expect(!texts.subject.isEmpty && !texts.title.isEmpty && texts.paragraphs.count >= 2)
        for paragraph in texts.paragraphs {
            #expect(!paragraph.isEmpty && paragraph.first?.isWhitespace == false && paragraph.last?.isWhitespace == false)
        }
        let mail = MailTemplate(kind, in: language, count: 5)
        #expect(mail.subject == texts.subject && !mail.subject.contains("\n"))
        #expect(mail.text.hasSuffix("\n\n{service}\n"))
        #expect(mail.html.hasPrefix("<!DOCTYPE html>\n") && mail.html.hasSuffix("<p>{service}</p>\n</body>\n</html>\n"))
        #expect(mail.html.contains("<title>\(texts.title)</title>"))
    }

    @Test(arguments: everyMail) func theTextsHaveThePlacesOfTheirKindAndNoOthers(language: Language, kind: MailKind) {
        let mail = MailTemplate(kind, in: language)
        let allowed = Set(kind.placeholders)
        #expect(allowed.count == kind.placeholders.count)
        #expect(placeholders(mail.text) == allowed)
        #expect(placeholders(mail.html) == allowed)
        #expect(placeholders(mail.subject).isSubset(of: allowed) && !placeholders(mail.subject).isEmpty)
        #expect(placeholders(MailTexts(kind, language, 0).title).isEmpty)
        for text in [mail.subject, mail.text, mail.html] { #expect(count("{", in: text) == count("}", in: text)) }
    }

    @Test(arguments: everyMail) func theHTMLSaysWhatTheTextSays(language: Language, kind: MailKind) {
        let mail = MailTemplate(kind, in: language)
        #expect(count("<html lang=\"\(language.tag)\">", in: mail.html) == 1)
        #expect(count("lang=", in: mail.html) == 1)
        let body = mail.html.split(separator: "<body ")[1].split(separator: ">", maxSplits: 1)[1]
        var (seen, isInTag) = ("", false)
        for character in body {
            switch character {
            case "<": isInTag = true
            case ">": isInTag = false
            case _ where !isInTag: seen.append(character)
            default: break
            }
        }
        let stops: Set<Character> = [".", "。"]
        let text = mail.text.replacing("{code}.", with: "{code}").replacing("{code}。", with: "{code}")
        #expect(seen.filter { !$0.isWhitespace } == text.filter { !$0.isWhitespace })
        #expect(
            stops.isSuperset(
                of: MailTexts(kind, language, 0).paragraphs
                    .flatMap {
                        $0.split(separator: "{code}", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().joined()
                    }))
    }

    @Test(arguments: everyMail) func theFixedTextNeedsNoEscaping(language: Language, kind: MailKind) {
        let texts = MailTexts(kind, language, 1)
        for text in [texts.title] + texts.paragraphs {
            for sign in ["<", ">", "&", "\""] { #expect(!text.contains(sign)) }
        }
    }

    @Test func noTwoLanguagesSayTheSame() {
        for kind in MailKind.allCases {
            let mails = Language.allCases.map { MailTemplate(kind, in: $0) }
            #expect(Set(mails.map(\.subject)).count == mails.count)
            #expect(Set(mails.map(\.text)).count == mails.count)
            #expect(Set(mails.map(\.html)).count == mails.count)
        }
        #expect(Set(Language.allCases.map(\.unknown)).count == Language.allCases.count)
    }

    @Test func noTwoKindsHaveOneSubject() {
        for language in Language.allCases {
            let subjects = MailKind.allCases.map { MailTemplate($0, in: language).subject }
            #expect(Set(subjects).count == subjects.count)
        }
    }

    @Test func aCodeIsInTheSubject() {
        for language in Language.allCases {
            #expect(MailTemplate(.code, in: language).subject.contains("{code}"))
            #expect(MailTemplate(.emailCode, in: language).subject.contains("{code}"))
        }
    }

    @Test(arguments: [
        (Language.english, "{minutes} minute and", "{minutes} minutes and"),
        (.german, "{minutes} Minute lang", "{minutes} Minuten lang"),
        (.french, "{minutes} minute et", "{minutes} minutes et"), (.spanish, "{minutes} minuto y", "{minutes} minutos y"),
        (.japanese, "{minutes}分で", "{minutes}分で"), (.chinese, "{minutes} 分钟内", "{minutes} 分钟内"),
    ]) func minutesAreCounted(language: Language, one: String, many: String) {
        for kind in [MailKind.code, .emailCode] {
            for (count, words) in [(Int64(1), one), (2, many), (10, many), (21, many), (101, many)] {
                let mail = MailTemplate(kind, in: language, count: count)
                #expect(mail.text.contains(words) && mail.html.contains(words))
            }
        }
    }

    @Test(arguments: [
        (Language.english, "in {days} day", "in {days} days"), (.german, "in {days} Tag", "in {days} Tagen"),
        (.french, "dans {days} jour", "dans {days} jours"), (.spanish, "dentro de {days} día", "dentro de {days} días"),
        (.japanese, "あと{days}日で", "あと{days}日で"), (.chinese, "在 {days} 天后", "在 {days} 天后"),
    ]) func daysAreCounted(language: Language, one: String, many: String) {
        for (count, words, other) in [(Int64(1), one, many), (2, many, one), (7, many, one), (30, many, one)] {
            let mail = MailTemplate(.keyExpiry, in: language, count: count)
            for text in [mail.subject, mail.text, mail.html] {
                #expect(text.contains(words))
                if !words.hasPrefix(other) { #expect(!text.contains(other)) }
            }
        }
    }

    @Test func zeroIsPluralButInFrench() {
        #expect(MailTemplate(.code, in: .english, count: 0).text.contains("{minutes} minutes"))
        #expect(MailTemplate(.code, in: .spanish, count: 0).text.contains("{minutes} minutos"))
        #expect(MailTemplate(.code, in: .french, count: 0).text.contains("{minutes} minute et"))
        #expect(MailTemplate(.keyExpiry, in: .french, count: 0).subject.hasSuffix("dans {days} jour"))
    }

    @Test(arguments: everyMail) func everyMailIsShortLinesOfASCII(language: Language, kind: MailKind) {
        let message = MailMessage(
            id: .random(), date: Timestamp(seconds: 0), from: Mailbox(name: "Latchkey", address: ann),
            recipient: "bob@example.org", content: MailTemplate(kind, in: language, count: 3))
        let text = String(decoding: message.bytes, as: UTF8.self)
        #expect(text.utf8.allSatisfy { $0 == 0x0A || (0x20..<0x7F).contains($0) })
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count <= 78 })
    }

    @Test func theCodeInEnglish() {
        let mail = MailTemplate(.code, in: .english, count: 10).filled([
            "{code}": "012345", "{minutes}": "10", "{service}": "A & B",
        ])
        #expect(mail.subject == "012345 is your sign-in code for A & B")
        #expect(
            mail.text == """
                Your sign-in code is 012345.

                It is valid for 10 minutes and works only once. If you did not request it, ignore this mail: nobody can \
                sign in without the code.

                A & B

                """)
        #expect(
            mail.html == """
                <!DOCTYPE html>
                <html lang="en">
                <head><meta charset="utf-8"><title>Sign-in code</title></head>
                <body style="font-family: sans-serif; line-height: 1.5">
                <p>Your sign-in code is</p>
                <p style="font-size: 2em; letter-spacing: 0.1em"><strong>012345</strong></p>
                <p>It is valid for 10 minutes and works only once. If you did not request it, ignore this mail: nobody \
                can sign in without the code.</p>
                <p>A &amp; B</p>
                </body>
                </html>

                """)
    }

    @Test func theCodeInJapaneseHasALineOfItsOwn() {
        let mail = MailTemplate(.code, in: .japanese, count: 10).filled([
            "{code}": "012345", "{minutes}": "10", "{service}": "Latchkey",
        ])
        #expect(mail.subject == "Latchkey のサインインコード：012345")
        #expect(
            mail.text == """
                サインインコードは次のとおりです。
                012345

                有効期間は10分で、1回だけ使用できます。お心当たりのない場合は、このメールを無視してください。\
                コードがなければ、誰もサインインできません。

                Latchkey

                """)
        #expect(
            mail.html.contains(
                """
                <p>サインインコードは次のとおりです。</p>
                <p style="font-size: 2em; letter-spacing: 0.1em"><strong>012345</strong></p>

                """))
    }

    @Test func theInvitationCanBeFollowed() {
        let mail = MailTemplate(.invitation, in: .german)
        #expect(
            mail.text == """
                {inviter} lädt Sie zum Projekt „{project}“ bei {service} ein.

                Um die Einladung anzunehmen oder abzulehnen, melden Sie sich mit der Adresse an, an die diese E-Mail ging:
                {link}

                Wenn Sie diese Einladung nicht erwartet haben, ignorieren Sie diese E-Mail: Sie treten dem Projekt nur bei, \
                wenn Sie sie annehmen.

                {service}

                """)
        for language in Language.allCases {
            let html = MailTemplate(.invitation, in: language).html
            #expect(count("<br>\n<a href=\"{link}\">{link}</a></p>\n", in: html) == 1)
            #expect(count("{link}", in: html) == 2)
        }
    }

    @Test func theSignInIsToldInThreeLines() {
        for (language, lines) in [
            (Language.english, "Time: {time}|IP address: {ip}|Device: {device}"),
            (.german, "Zeit: {time}|IP-Adresse: {ip}|Gerät: {device}"),
            (.french, "Date\u{A0}: {time}|Adresse IP\u{A0}: {ip}|Appareil\u{A0}: {device}"),
            (.spanish, "Fecha: {time}|Dirección IP: {ip}|Dispositivo: {device}"),
            (.japanese, "日時：{time}|IP アドレス：{ip}|デバイス：{device}"),
            (.chinese, "时间：{time}|IP 地址：{ip}|设备：{device}"),
        ] {
            let mail = MailTemplate(.newNetwork, in: language)
            #expect(mail.text.contains("\n\n\(lines.replacing("|", with: "\n"))\n\n"))
            #expect(mail.html.contains("<p>\(lines.replacing("|", with: "<br>\n"))</p>\n"))
        }
    }
}
