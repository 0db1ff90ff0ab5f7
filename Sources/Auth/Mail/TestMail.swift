// One plain mail, sent at once through the usual transport, to see whether that works.

import Cryptography
package import Platform
package import Store

/// The result of a test mail.
package struct TestMailOutcome {
    /// Why the transport refused it; nil if it accepted it.
    package let refusal: String?
    /// The mail command's output, its first KiB.
    package let said: String
    /// How long the transport took.
    package let time: Duration
}

extension Mailer {
    /// Sends a test mail of the service `auth` to `email`, without the outbox. In English, since only the operator who asked
    /// for it reads it.
    package func sendTest(to email: Email, of auth: Auth) throws(AuthError) -> TestMailOutcome {
        let now = auth.now
        let content = MailTemplate(
            subject: "{service}: test mail", text: MailTemplate.test, html: ""
        ).filled(["{service}": service, "{time}": now.mailDate, "{url}": auth.policy.baseURL])
        let message = MailMessage(
            id: UUID.random(), date: now, from: from, recipient: email.text, content: content)
        let start = Machine.uptime
        let outcome: (result: MailOutcome, output: [UInt8])
        do throws(SystemError) {
            outcome = try Command.capture(upTo: 1024) {
                transport.send(message, home: auth.state.path, output: $0)
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

        Mails with sign-in codes are sent in the same way. You do not need to do anything.

        """
}
