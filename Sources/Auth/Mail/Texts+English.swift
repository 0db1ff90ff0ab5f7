// The mails in English.

import Store

extension MailTexts {
    static func english(_ kind: MailKind, _ count: Int64) -> MailTexts {
        let minutes = count == 1 ? "minute" : "minutes"
        let days = count == 1 ? "day" : "days"
        return switch kind {
        case .code:
            MailTexts(
                subject: "{code} is your sign-in code for {service}",
                title: "Sign-in code",
                paragraphs: [
                    "Your sign-in code is {code}.",
                    "It is good for {minutes} \(minutes), and only once. If you did not ask for it, ignore this "
                        + "mail: without the code nobody can sign in.",
                ])
        case .emailCode:
            MailTexts(
                subject: "{code} is your confirmation code for {service}",
                title: "Confirmation code",
                paragraphs: [
                    "The code that confirms this address for your account is {code}.",
                    "It is good for {minutes} \(minutes), and only once. If you did not ask for it, ignore this "
                        + "mail: without the code no account gets this address.",
                ])
        case .currentEmailCode:
            MailTexts(
                subject: "{code} confirms a new address for your {service} account",
                title: "Change of address",
                paragraphs: [
                    "Your account is about to get the address {email}. The code that agrees to this is {code}.",
                    "It is good for {minutes} \(minutes), and only once. If you did not ask for it, someone else has "
                        + "access to your account: give the code to nobody, sign in and end all other sessions.",
                ])
        case .deletionCode:
            MailTexts(
                subject: "{code} deletes your {service} account",
                title: "Deletion of your account",
                paragraphs: [
                    "The code that deletes your account for good is {code}.",
                    "It is good for {minutes} \(minutes), and only once. If you did not ask for it, someone else has "
                        + "access to your account: give the code to nobody, sign in and end all other sessions.",
                ])
        case .emailChanged:
            MailTexts(
                subject: "The address of your {service} account was changed",
                title: "Address changed",
                paragraphs: [
                    "The address of your account is now {email}. You can no longer sign in with the address that "
                        + "this mail went to.",
                    "If it was you who changed it, there is nothing to do. If not, someone else has had access to "
                        + "your account: please tell whoever runs {service} at once.",
                ])
        case .emailGiven:
            MailTexts(
                subject: "This is the address of your {service} account now",
                title: "New address",
                paragraphs: [
                    "The address of your account was {email}, and is now the one that this mail went to: sign "
                        + "in with it.",
                    "Whoever runs {service} changed it. If you did not ask for that, please tell them.",
                ])
        case .newNetwork:
            MailTexts(
                subject: "New sign-in to your {service} account",
                title: "New sign-in",
                paragraphs: [
                    "There was a sign-in to your account from a new network:",
                    "Time: {time}\nIP address: {ip}\nDevice: {device}",
                    "If it was you, there is nothing to do. If not, someone may be able to read your mail, or has "
                        + "seen a code: change the password of your mailbox, then sign in and end all other "
                        + "sessions.",
                ])
        case .keyExpiry:
            MailTexts(
                subject: "The API key “{key}” expires in {days} \(days)",
                title: "API key expires",
                paragraphs: [
                    "The API key “{key}” ({prefix}…) of the project “{project}” expires in {days} \(days). After "
                        + "that it is refused.",
                    "If it is still needed, rotate it or create a new one before then. If not, there is nothing to "
                        + "do. If you do not recognize it, delete it.",
                ])
        case .invitation:
            MailTexts(
                subject: "{inviter} invites you to {project}",
                title: "Invitation",
                paragraphs: [
                    "{inviter} invites you to the project “{project}” at {service}.",
                    "To accept or decline, sign in with the address that this mail went to:\n{link}",
                    "If you did not expect this invitation, ignore this mail: you join the project only if you "
                        + "accept.",
                ])
        case .accountDeleted, .keyCreated, .ownerMade, .accessGiven, .accessEnded, .noticesOff:
            announcement(kind, .english)
        case .projectDeleted:
            MailTexts(
                subject: "The project “{project}” was deleted",
                title: "Project deleted",
                paragraphs: [
                    "Projects at {service} that you belonged to were deleted, by an owner or by the operator: {count}. The last "
                        + "one is “{project}”. Their API keys no longer work, and their invitations have ended.",
                    "If you deleted it, there is nothing to do. If you own it and did not delete it, someone else may "
                        + "have access to an owner’s account: sign in, end all other sessions, and tell whoever runs "
                        + "{service}.",
                ])
        }
    }
}
