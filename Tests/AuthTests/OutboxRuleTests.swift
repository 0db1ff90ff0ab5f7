// The outbox: each mail is sent once; what happens to mail that is not sent.

import Cryptography
import Glibc
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

/// Serialized, since each test starts programs that it wrote.
@Suite(.serialized) struct OutboxRuleTests {
    private let service = Service()
    /// Held so that no deliverer stays to retry.
    private let lock: FileLock

    init() throws {
        Signals.ignoreWriteSignals()
        lock = try #require(try FileLock(trying: service.state.deliveryLockPath))
    }

    private func mailer(_ transport: MailTransport) throws -> Mailer {
        Mailer(
            from: Mailbox(name: "Latchkey", address: try Email("latchkey@example.com")), templates: .builtIn, transport: transport
        )
    }

    private var maildir: MailTransport { .maildir(service.state.mailPath) }

    /// A mail command that runs `body`, with `$HOME` as the state folder.
    private func script(_ body: String) throws -> MailTransport {
        let path = "\(service.path)/sendmail-\(UUID.random().text)"
        try File.create(path, Array("#!/bin/sh\n\(body)\n".utf8))
        chmod(path, 0o700)
        return .sendmail(path)
    }

    /// Delivers once; returns the reported lines.
    private func deliver(_ transport: MailTransport) throws -> [String] {
        var lines: [String] = []
        try service.auth.deliverMail(by: try mailer(transport)) { lines.append(String(decoding: $0.bytes, as: UTF8.self)) }
        return lines
    }

    private func queued() throws -> Int64? { try service.number("SELECT count(*) FROM mail_items") }

    @Test func aMailInTheMaildirHoldsTheCode() throws {
        _ = try service.auth.sendCode(to: ann)
        service.wait(.seconds(61))
        #expect(try deliver(maildir) == [])
        #expect(service.mailFiles.count == 1)
        let path = "\(service.mailFolder)/\(service.mailFiles[0])"
        let mail = try text(of: path)
        #expect(mail.contains("\nTo: ann@example.com\n"))
        #expect(mail.contains("\nFrom: Latchkey <latchkey@example.com>\n"))
        let code = try service.code()
        #expect(mail.contains("\nSubject: \(code) is your sign-in code for Latchkey\n"))
        #expect(mail.contains("It is valid for 9 minutes"))
        #expect(mail.contains("\nMessage-ID: <\(service.mailFiles[0].prefix(36))@example.com>\n"))
        #expect(try File.status(path)?.permissions == 0o600)
        #expect(try queued() == 0)
        #expect(files(in: "\(service.path)/mail/tmp") == [])
    }

    @Test func aLeaseKeepsAnItemFromOthersForNinetySeconds() throws {
        _ = try service.auth.sendCode(to: ann)
        func take() throws -> MailItem? {
            try MailItem.take(at: service.time, lease: Policy.mailLease, in: service.database())
        }
        let first = try take()
        #expect(first?.attempts == 1 && first?.email == "ann@example.com")
        #expect(try take() == nil)
        service.wait(Duration(milliseconds: 89_999))
        #expect(try take() == nil)
        service.wait(Duration(milliseconds: 1))
        let second = try take()
        #expect(second?.attempts == 2 && second?.id == first?.id)
    }

    @Test func twoDeliverersSendEachMailOnce() async throws {
        for name in ["a", "b", "c", "d"] { _ = try service.auth.sendCode(to: try Email("\(name)@example.com")) }
        let mailer = UncheckedBox(try mailer(try script("cat > /dev/null; sleep 0.05; echo \"$5\" >> \"$HOME/sent\"")))
        let (path, time) = (service.path, service.time)
        let results = await together(2) {
            refusal {
                try Auth(policy: Policy(), store: TestDatabase.location(of: try StateFolder(at: path)), client: someone) {
                    time
                }
                .deliverMail(by: mailer.value) { _ in }
            }
        }
        #expect(results == ["none", "none"])
        let sent = try text(of: "\(service.path)/sent").split(separator: "\n").sorted()
        #expect(sent == ["a@example.com", "b@example.com", "c@example.com", "d@example.com"])
        #expect(try queued() == 0)
    }

    @Test func theCommandGetsTheAddressAfterTheDashesAndTheMail() throws {
        _ = try service.auth.sendCode(to: ann)
        let transport = try script("for a in \"$@\"; do echo \"$a\"; done > \"$HOME/arguments\"; cat > \"$HOME/input\"")
        #expect(try deliver(transport) == [])
        #expect(try text(of: "\(service.path)/arguments") == "-i\n-f\nlatchkey@example.com\n--\nann@example.com\n")
        let mail = try text(of: "\(service.path)/input")
        let code = try service.code()
        #expect(mail.hasPrefix("Date: ") && mail.contains("\nTo: ann@example.com\n") && mail.contains(code))
    }

    @Test func whatIsPostponedIsTriedAgainEverLater() throws {
        _ = try service.auth.sendCode(to: ann)
        let expiry = try #require(try service.challenge()?.expiresAt)
        let transport = try script("cat > /dev/null; exit 75")
        var waits: [Int64] = []
        while let due = try MailItem.nextDue(in: service.database()) {
            service.time = max(due, service.time)
            let lines = try deliver(transport)
            #expect(lines.count == 1 && lines[0].contains(" event=mail-postponed ") && lines[0].contains("exited with 75"))
            #expect(lines[0].contains(" attempt=\(waits.count + 1) "))
            guard let next = try MailItem.nextDue(in: service.database()) else { break }
            waits.append((next - service.time).milliseconds / 1000)
            #expect(try !service.auth.hasDueMail())
            #expect(try deliver(transport) == [])
        }
        #expect(waits == [5, 10, 20, 40, 80, 120, 120, 120])
        #expect(service.time < expiry)
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE due_at IS NULL AND last_error LIKE '%75'") == 1)
    }

    @Test(arguments: [65, 67]) func whatIsRefusedIsNotTriedAgain(code: Int) throws {
        _ = try service.auth.sendCode(to: ann)
        let lines = try deliver(try script("exit \(code)"))
        #expect(lines.count == 1 && lines[0].contains(" event=mail-refused "))
        service.wait(.minutes(5))
        #expect(try deliver(maildir) == [])
        #expect(service.mailFiles == [])
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE due_at IS NULL AND last_error IS NOT NULL") == 1)
    }

    @Test func aCommandThatIsNotThereOrDiesPostpones() throws {
        _ = try service.auth.sendCode(to: ann)
        let missing = try deliver(.sendmail("/nonexistent/sendmail"))
        #expect(missing.count == 1 && missing[0].contains("mail-postponed") && missing[0].contains("No such file"))
        service.wait(.seconds(5))
        let killed = try deliver(try script("kill -9 $$"))
        #expect(killed.count == 1 && killed[0].contains("was killed by a signal"))
        service.wait(.seconds(10))
        #expect(try deliver(maildir) == [])
        #expect(service.mailFiles.count == 1)
    }

    @Test func aRelayThatIsNotFoundIsAskedAgain() throws {
        _ = try service.auth.sendCode(to: ann)
        let lines = try deliver(try script("exit 68"))
        #expect(lines.count == 1 && lines[0].contains(" event=mail-postponed "))
    }

    @Test func aMailOfAUsedUpCodeIsDropped() throws {
        _ = try service.auth.sendCode(to: ann)
        for _ in 0..<5 { _ = try? service.auth.verifyCode(try service.wrongCode(), for: ann) }
        #expect(try deliver(maildir) == [])
        #expect(service.mailFiles == [])
        #expect(try queued() == 0)
    }

    @Test func anExpiredMailIsNotSent() throws {
        _ = try service.auth.sendCode(to: ann)
        service.wait(.minutes(10))
        #expect(try deliver(maildir) == [])
        #expect(service.mailFiles == [])
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE due_at IS NULL AND last_error = 'it has expired'") == 1)
    }

    @Test func aMailOfAReplacedOrUsedCodeIsDropped() throws {
        _ = try service.auth.sendCode(to: ann)
        service.wait(.minutes(6))
        _ = try service.auth.sendCode(to: ann)
        _ = try service.signIn(bob)
        #expect(try queued() == 3)
        #expect(try deliver(maildir) == [])
        #expect(service.mailFiles.count == 1)
        let (code, mail) = (try service.code(), try text(of: "\(service.mailFolder)/\(service.mailFiles[0])"))
        #expect(mail.contains("\nSubject: \(code) "))
        #expect(try queued() == 0)
    }

    @Test func theCleanUpTakesWhatIsOld() throws {
        _ = try service.auth.sendCode(to: ann)
        _ = try deliver(try script("exit 67"))
        service.wait(.minutes(11))
        _ = try deliver(maildir)
        #expect(try service.challenge() == nil)
        #expect(try queued() == 1)
        service.wait(.days(7))
        _ = try deliver(maildir)
        #expect(try queued() == 0)
    }

    @Test func onlyARequestThatUsedTheDatabaseSeesDueMail() throws {
        let auth = service.auth
        _ = try auth.sendCode(to: ann)
        #expect(try auth.hasDueMail())
        #expect(try !service.auth.hasDueMail())
        _ = try deliver(maildir)
        #expect(try !auth.hasDueMail())
    }

    @Test func onlyARequestThatChangedRowsIsOneToCleanUpAfter() throws {
        let auth = service.auth
        #expect(!auth.hasChangedRows)
        _ = try auth.sendCode(to: ann)
        #expect(auth.hasChangedRows)
        let refused = service.auth
        #expect(throws: AuthError.self) { try refused.sendCode(to: ann) }
        #expect(refused.hasChangedRows)
        for _ in 0..<Policy.refusalsNotedPerSite { _ = try? service.auth.sendCode(to: ann) }
        let another = service.auth
        #expect(throws: AuthError.self) { try another.sendCode(to: ann) }
        #expect(!another.hasChangedRows)
    }
}

/// A value that tasks only read.
private struct UncheckedBox<T>: @unchecked Sendable {
    let value: T
    init(_ value: T) { self.value = value }
}
