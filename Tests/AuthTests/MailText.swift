// Mails as they are sent.

import Platform

@testable import Auth
@testable import Operations
@testable import Store

/// The whole mail from `content`, with Ann as sender.
func mailText(
    _ content: MailTemplate, name: String? = "Latchkey", to recipient: String = "bob@example.org", id: UUID = .random(),
    date: Timestamp = Timestamp(seconds: 0)
) -> String {
    let message = MailMessage(
        id: id, date: date, from: Mailbox(name: name, address: ann), recipient: recipient, content: content)
    return String(decoding: message.bytes, as: UTF8.self)
}
