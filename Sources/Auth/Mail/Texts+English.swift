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
                    "It is valid for {minutes} \(minutes) and works only once. If you did not request it, ignore this "
                        + "mail: nobody can sign in without the code.",
                ])
        case .emailCode:
            MailTexts(
                subject: "{code} is your confirmation code for {service}",
                title: "Confirmation code",
                paragraphs: [
                    "The code to confirm this address for your account is {code}.",
                    "It is valid for {minutes} \(minutes) and works only once. If you did not request it, ignore this "
                        + "mail: no account gets this address without the code.",
                ])
        case .currentEmailCode:
            MailTexts(
                subject: "{code} confirms a new address for your {service} account",
                title: "Change of address",
                paragraphs: [
                    "The address of your account is to be changed to {email}. To agree, use the code {code}.",
                    "It is valid for {minutes} \(minutes) and works only once. If you did not request it, someone else "
                        + "has access to your account: do not give the code to anyone, sign in, and end all other sessions.",
                ])
        case .deletionCode:
            MailTexts(
                subject: "{code} deletes your {service} account",
                title: "Account deletion",
                paragraphs: [
                    "The code to delete your account permanently is {code}.",
                    "It is valid for {minutes} \(minutes) and works only once. If you did not request it, someone else "
                        + "has access to your account: do not give the code to anyone, sign in, and end all other sessions.",
                ])
        case .emailChanged:
            MailTexts(
                subject: "The address of your {service} account was changed",
                title: "Address changed",
                paragraphs: [
                    "The address of your account is now {email}. You can no longer sign in with the address that "
                        + "this mail was sent to.",
                    "If you changed it, you do not need to do anything. If not, someone else has had access to your "
                        + "account: please contact the operator of {service} at once.",
                ])
        case .emailGiven:
            MailTexts(
                subject: "This is now the address of your {service} account",
                title: "New address",
                paragraphs: [
                    "The address of your account was {email}. It is now the address that this mail was sent to: sign "
                        + "in with it.",
                    "The operator of {service} changed it. If you did not ask for this, please contact the operator.",
                ])
        case .newNetwork:
            MailTexts(
                subject: "New sign-in to your {service} account",
                title: "New sign-in",
                paragraphs: [
                    "Someone signed in to your account from a new network:",
                    "Time: {time}\nIP address: {ip}\nDevice: {device}",
                    "If it was you, you do not need to do anything. If not, someone may be able to read your mail, or "
                        + "may have seen a code: change the password of your mailbox, then sign in and end all other "
                        + "sessions.",
                ])
        case .keyExpiry:
            MailTexts(
                subject: "The API key “{key}” expires in {days} \(days)",
                title: "API key expires",
                paragraphs: [
                    "The API key “{key}” ({prefix}…) of the project “{project}” expires in {days} \(days). After "
                        + "that, it no longer works.",
                    "If you still need it, rotate it or create a new one before then. If not, you do not need to do "
                        + "anything. If you do not recognize it, delete it.",
                ])
        case .invitation:
            MailTexts(
                subject: "{inviter} invites you to {project}",
                title: "Invitation",
                paragraphs: [
                    "{inviter} invites you to the project “{project}” at {service}.",
                    "To accept or decline, sign in with the address that this mail was sent to:\n{link}",
                    "If you did not expect this invitation, ignore this mail. You join the project only if you "
                        + "accept.",
                ])
        case .accountDeleted, .keyCreated, .ownerMade, .accessGiven, .accessEnded, .noticesOff:
            announcement(kind, .english)
        case .projectDeleted:
            MailTexts(
                subject: "The project “{project}” was deleted",
                title: "Project deleted",
                paragraphs: [
                    "An owner or the operator deleted projects at {service} that you were a member of. Number of projects: "
                        + "{count}. The latest is “{project}”. Their API keys no longer work, and their invitations have ended.",
                    "If you deleted it, you do not need to do anything. If you owned it and did not delete it, someone else "
                        + "may have access to an owner’s account: sign in, end all other sessions, and contact the operator "
                        + "of {service}.",
                ])
        }
    }
}
