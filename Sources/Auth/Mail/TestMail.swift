// One plain mail, sent at once and by the same way as all others, to see whether that works.

import Cryptography
package import Platform
package import Store

/// What became of a test mail.
package struct TestMailOutcome {
    /// Why the transport did not take it; nil if it did.
    package let refusal: String?
    /// What the mail command wrote, its first KiB.
    package let said: String
    /// From handing it over to the answer.
    package let time: Duration
}

extension Mailer {
    /// Sends a test mail of the service `auth` to `email`; nothing of it is in the outbox. In English, since only the operator
    /// who asked for it reads it.
    package func sendTest(to email: Email, of auth: Auth) throws(AuthError) -> TestMailOutcome {
        let now = auth.now
        let content = MailTemplate(
            subject: "{service}: a test", text: MailTemplate.test, html: ""
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

        Mail with codes to sign in goes the same way. Nobody needs to do anything.

        """
}
