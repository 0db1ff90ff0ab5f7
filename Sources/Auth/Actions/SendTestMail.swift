// One plain mail, sent at once and by the same way as all others, to see whether that works.

import Cryptography
package import Platform

/// What became of a test mail.
package struct TestMailOutcome {
    /// Why the transport did not take it; nil if it did.
    package let refusal: String?
    /// What the mail command wrote, its first KiB.
    package let said: String
    /// From handing it over to the answer.
    package let time: Duration
}

extension Auth {
    /// Sends a test mail to `email` by `mailer`; nothing of it is in the outbox. In English, since only the operator
    /// who asked for it reads it.
    package func sendTestMail(to email: Email, by mailer: Mailer) throws(AuthError) -> TestMailOutcome {
        let content = MailTemplate(
            subject: "{service}: a test", text: MailTemplate.test, html: ""
        ).filled(["{service}": mailer.service, "{time}": now.mailDate, "{url}": policy.baseURL])
        let message = MailMessage(
            id: UUID.random(), date: now, from: mailer.from, recipient: email.text, content: content)
        let start = Machine.uptime
        let outcome: (result: MailOutcome, output: [UInt8])
        do throws(SystemError) {
            outcome = try Command.capture(upTo: 1024) {
                mailer.transport.send(message, home: state.path, output: $0)
            }
        } catch {
            throw AuthError(error)
        }
        let refusal: String? =
            switch outcome.result {
            case .accepted: nil
            case .postponed(let reason), .refused(let reason): reason
            }
        return TestMailOutcome(
            refusal: refusal, said: String(decoding: outcome.output, as: UTF8.self),
            time: Machine.uptime - start)
    }
}

extension MailTemplate {
    fileprivate static let test = """
        This is a test mail of {service} at {url}, sent at {time}.

        Mail with codes to sign in goes the same way. Nobody needs to do anything.

        """
}
