// The mails in French, with no-break spaces before colons and inside quotation marks.

import Store

extension MailTexts {
    static func french(_ kind: MailKind, _ count: Int64) -> MailTexts {
        // In French, zero is singular.
        let minutes = count == 0 || count == 1 ? "minute" : "minutes"
        let days = count == 0 || count == 1 ? "jour" : "jours"
        return switch kind {
        case .code:
            MailTexts(
                subject: "{code} est votre code de connexion pour {service}",
                title: "Code de connexion",
                paragraphs: [
                    "Votre code de connexion est {code}.",
                    "Il est valable {minutes} \(minutes) et ne sert qu’une seule fois. Si vous ne l’avez pas "
                        + "demandé, ignorez cet e-mail\u{A0}: sans ce code, personne ne peut se connecter.",
                ])
        case .emailCode:
            MailTexts(
                subject: "{code} est votre code de confirmation pour {service}",
                title: "Code de confirmation",
                paragraphs: [
                    "Le code qui confirme cette adresse pour votre compte est {code}.",
                    "Il est valable {minutes} \(minutes) et ne sert qu’une seule fois. Si vous ne l’avez pas "
                        + "demandé, ignorez cet e-mail\u{A0}: sans ce code, cette adresse ne sera associée à aucun "
                        + "compte.",
                ])
        case .currentEmailCode:
            MailTexts(
                subject: "{code} confirme une nouvelle adresse pour votre compte {service}",
                title: "Changement d’adresse",
                paragraphs: [
                    "L’adresse de votre compte va devenir {email}. Le code qui confirme votre accord est {code}.",
                    "Il est valable {minutes} \(minutes) et ne sert qu’une seule fois. Si vous ne l’avez pas "
                        + "demandé, une autre personne a accès à votre compte\u{A0}: ne donnez ce code à personne, "
                        + "connectez-vous et fermez toutes les autres sessions.",
                ])
        case .deletionCode:
            MailTexts(
                subject: "{code} supprime votre compte {service}",
                title: "Suppression du compte",
                paragraphs: [
                    "Le code qui supprime définitivement votre compte est {code}.",
                    "Il est valable {minutes} \(minutes) et ne sert qu’une seule fois. Si vous ne l’avez pas "
                        + "demandé, une autre personne a accès à votre compte\u{A0}: ne donnez ce code à personne, "
                        + "connectez-vous et fermez toutes les autres sessions.",
                ])
        case .emailChanged:
            MailTexts(
                subject: "L’adresse de votre compte {service} a été modifiée",
                title: "Adresse modifiée",
                paragraphs: [
                    "L’adresse e-mail de votre compte est désormais {email}. Vous ne pouvez plus vous connecter "
                        + "avec l’adresse à laquelle cet e-mail a été envoyé.",
                    "Si vous êtes à l’origine de cette modification, vous n’avez rien à faire. Sinon, une autre "
                        + "personne a eu accès à votre compte\u{A0}: veuillez prévenir immédiatement le "
                        + "responsable de {service}.",
                ])
        case .emailGiven:
            MailTexts(
                subject: "Ceci est désormais l’adresse de votre compte {service}",
                title: "Nouvelle adresse",
                paragraphs: [
                    "L’adresse e-mail de votre compte était {email}\u{A0}; c’est désormais celle à laquelle "
                        + "cet e-mail a été envoyé. Utilisez-la pour vous connecter.",
                    "Le responsable de {service} l’a modifiée. Si vous ne l’avez pas demandé, veuillez le "
                        + "prévenir.",
                ])
        case .newNetwork:
            MailTexts(
                subject: "Nouvelle connexion à votre compte {service}",
                title: "Nouvelle connexion",
                paragraphs: [
                    "Une connexion à votre compte a eu lieu depuis un nouveau réseau\u{A0}:",
                    "Date\u{A0}: {time}\nAdresse IP\u{A0}: {ip}\nAppareil\u{A0}: {device}",
                    "Si c’était vous, vous n’avez rien à faire. Sinon, quelqu’un a peut-être accès à vos e-mails "
                        + "ou a vu un code\u{A0}: changez le mot de passe de votre messagerie, puis connectez-vous "
                        + "et mettez fin à toutes les autres sessions.",
                ])
        case .keyExpiry:
            MailTexts(
                subject: "La clé d’API «\u{A0}{key}\u{A0}» expire dans {days} \(days)",
                title: "Expiration d’une clé d’API",
                paragraphs: [
                    "La clé d’API «\u{A0}{key}\u{A0}» ({prefix}…) du projet «\u{A0}{project}\u{A0}» expire dans "
                        + "{days} \(days). Elle sera ensuite refusée.",
                    "Si elle est encore utile, renouvelez-la ou créez-en une nouvelle d’ici là. Sinon, vous n’avez "
                        + "rien à faire. Si vous ne la reconnaissez pas, supprimez-la.",
                ])
        case .invitation:
            MailTexts(
                subject: "{inviter} vous invite à rejoindre {project}",
                title: "Invitation",
                paragraphs: [
                    "{inviter} vous invite à rejoindre le projet «\u{A0}{project}\u{A0}» sur {service}.",
                    "Pour accepter ou refuser, connectez-vous avec l’adresse à laquelle cet e-mail a été "
                        + "envoyé\u{A0}:\n{link}",
                    "Si vous n’attendiez pas cette invitation, ignorez cet e-mail\u{A0}: vous ne rejoindrez le "
                        + "projet que si vous acceptez.",
                ])
        case .accountDeleted, .keyCreated, .ownerMade, .accessGiven, .accessEnded, .noticesOff:
            announcement(kind, .french)
        case .projectDeleted:
            MailTexts(
                subject: "Le projet «\u{A0}{project}\u{A0}» a été supprimé",
                title: "Projet supprimé",
                paragraphs: [
                    "Des projets sur {service} dont vous faisiez partie ont été supprimés par un propriétaire ou par "
                        + "l’exploitant. Nombre\u{A0}: {count}. Le dernier est «\u{A0}{project}\u{A0}». Leurs clés d’API ne "
                        + "fonctionnent plus et leurs invitations ont pris fin.",
                    "Si vous l’avez supprimé, vous n’avez rien à faire. Si vous en êtes propriétaire et ne l’avez pas "
                        + "supprimé, quelqu’un a peut-être accès au compte d’un propriétaire\u{A0}: connectez-vous, "
                        + "mettez fin à toutes les autres sessions et prévenez l’exploitant de {service}.",
                ])
        }
    }
}
