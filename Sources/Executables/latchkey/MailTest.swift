// latchkey mail test: one mail, now.

import API
import ArgumentParser
import Auth
import Operations
import Platform
import Settings
import Store

extension MailGroup {
    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends a test mail now, and prints the result.",
            discussion: """
                The mail is sent like all mail, but without the outbox. If the mail command \
                accepts it, it may still not arrive: check the mailbox, and the mail system's \
                log.

                Example: latchkey mail test ada@example.com
                """)

        @Argument(help: "An e-mail address whose mail you can read.")
        var address: EmailArgument

        func run() throws(ExitCode) {
            try onService { (operations, configuration) throws(CommandError) in
                let mailer = try configured { () throws(ConfigurationFault) in try configuration.mailer() }
                let outcome = try asking { () throws(AuthError) in
                    try operations.sendTestMail(to: address.email, by: mailer)
                }
                for line in outcome.said.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
                    complain("mail command: \(String(Substring(line)))")
                }
                let time = "\(outcome.time.milliseconds) ms"
                if let refusal = outcome.refusal { throw .failed("not accepted after \(time): \(refusal)") }
                let by =
                    switch mailer.transport {
                    case .maildir(let path): "written to \(path)/new"
                    case .sendmail(let path): "\(path) exited with 0"
                    }
                try show("Accepted after \(time): \(printable(by)).\n")
            }
        }
    }
}
