// The mails in German.

import Store

extension MailTexts {
    static func german(_ kind: MailKind, _ count: Int64) -> MailTexts {
        let minutes = count == 1 ? "Minute" : "Minuten"
        let days = count == 1 ? "Tag" : "Tagen"
        return switch kind {
        case .code:
            MailTexts(
                subject: "{code} ist Ihr Anmeldecode für {service}",
                title: "Anmeldecode",
                paragraphs: [
                    "Ihr Anmeldecode lautet {code}.",
                    "Er gilt {minutes} \(minutes) lang und nur einmal. Wenn Sie ihn nicht angefordert haben, "
                        + "ignorieren Sie diese E-Mail: Ohne den Code kann sich niemand anmelden.",
                ])
        case .emailCode:
            MailTexts(
                subject: "{code} ist Ihr Bestätigungscode für {service}",
                title: "Bestätigungscode",
                paragraphs: [
                    "Der Code, der diese Adresse für Ihr Konto bestätigt, lautet {code}.",
                    "Er gilt {minutes} \(minutes) lang und nur einmal. Wenn Sie ihn nicht angefordert haben, "
                        + "ignorieren Sie diese E-Mail: Ohne den Code wird diese Adresse keinem Konto zugeordnet.",
                ])
        case .currentEmailCode:
            MailTexts(
                subject: "{code} bestätigt eine neue Adresse für Ihr Konto bei {service}",
                title: "Änderung der Adresse",
                paragraphs: [
                    "Ihr Konto soll die Adresse {email} bekommen. Der Code, mit dem Sie zustimmen, lautet {code}.",
                    "Er gilt {minutes} \(minutes) lang und nur einmal. Wenn Sie ihn nicht angefordert haben, hat "
                        + "jemand anderes Zugang zu Ihrem Konto: Geben Sie den Code niemandem, melden Sie sich an und "
                        + "beenden Sie alle anderen Sitzungen.",
                ])
        case .deletionCode:
            MailTexts(
                subject: "{code} löscht Ihr Konto bei {service}",
                title: "Löschung des Kontos",
                paragraphs: [
                    "Der Code, der Ihr Konto endgültig löscht, lautet {code}.",
                    "Er gilt {minutes} \(minutes) lang und nur einmal. Wenn Sie ihn nicht angefordert haben, hat "
                        + "jemand anderes Zugang zu Ihrem Konto: Geben Sie den Code niemandem, melden Sie sich an und "
                        + "beenden Sie alle anderen Sitzungen.",
                ])
        case .emailChanged:
            MailTexts(
                subject: "Die Adresse Ihres Kontos bei {service} wurde geändert",
                title: "Adresse geändert",
                paragraphs: [
                    "Die E-Mail-Adresse Ihres Kontos ist jetzt {email}. Mit der Adresse, an die diese E-Mail ging, "
                        + "können Sie sich nicht mehr anmelden.",
                    "Wenn Sie das selbst geändert haben, müssen Sie nichts tun. Wenn nicht, hatte jemand anderes "
                        + "Zugang zu Ihrem Konto: Wenden Sie sich bitte sofort an den Betreiber von {service}.",
                ])
        case .emailGiven:
            MailTexts(
                subject: "Dies ist jetzt die Adresse Ihres Kontos bei {service}",
                title: "Neue Adresse",
                paragraphs: [
                    "Die E-Mail-Adresse Ihres Kontos war {email} und ist jetzt die, an die diese E-Mail ging: "
                        + "Melden Sie sich damit an.",
                    "Der Betreiber von {service} hat sie geändert. Wenn Sie nicht darum gebeten haben, wenden "
                        + "Sie sich bitte an ihn.",
                ])
        case .newNetwork:
            MailTexts(
                subject: "Neue Anmeldung in Ihrem Konto bei {service}",
                title: "Neue Anmeldung",
                paragraphs: [
                    "In Ihrem Konto gab es eine Anmeldung aus einem neuen Netzwerk:",
                    "Zeit: {time}\nIP-Adresse: {ip}\nGerät: {device}",
                    "Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, kann womöglich jemand Ihre E-Mails "
                        + "lesen oder hat einen Code gesehen: Ändern Sie das Passwort Ihres Postfachs, melden Sie "
                        + "sich dann an und beenden Sie alle anderen Sitzungen.",
                ])
        case .keyExpiry:
            MailTexts(
                subject: "Der API-Schlüssel „{key}“ läuft in {days} \(days) ab",
                title: "API-Schlüssel läuft ab",
                paragraphs: [
                    "Der API-Schlüssel „{key}“ ({prefix}…) des Projekts „{project}“ läuft in {days} \(days) ab. "
                        + "Danach wird er abgelehnt.",
                    "Wenn er noch gebraucht wird, erneuern Sie ihn vorher oder legen Sie einen neuen an. Wenn "
                        + "nicht, müssen Sie nichts tun. Wenn Sie ihn nicht kennen, löschen Sie ihn.",
                ])
        case .invitation:
            MailTexts(
                subject: "{inviter} lädt Sie zu {project} ein",
                title: "Einladung",
                paragraphs: [
                    "{inviter} lädt Sie zum Projekt „{project}“ bei {service} ein.",
                    "Um die Einladung anzunehmen oder abzulehnen, melden Sie sich mit der Adresse an, an die diese "
                        + "E-Mail ging:\n{link}",
                    "Wenn Sie diese Einladung nicht erwartet haben, ignorieren Sie diese E-Mail: Sie treten dem "
                        + "Projekt nur bei, wenn Sie sie annehmen.",
                ])
        case .accountDeleted, .keyCreated, .ownerMade, .accessGiven, .accessEnded, .noticesOff:
            announcement(kind, .german)
        case .projectDeleted:
            MailTexts(
                subject: "Das Projekt „{project}“ wurde gelöscht",
                title: "Projekt gelöscht",
                paragraphs: [
                    "Projekte bei {service}, zu denen Sie gehörten, wurden von einem Eigentümer oder vom Betreiber gelöscht. "
                        + "Anzahl: {count}. Das letzte ist „{project}“. Ihre API-Schlüssel funktionieren nicht mehr, ihre "
                        + "Einladungen sind beendet.",
                    "Wenn Sie es gelöscht haben, müssen Sie nichts tun. Wenn es Ihnen gehört und Sie es nicht gelöscht "
                        + "haben, hat womöglich jemand Zugriff auf das Konto eines Eigentümers: Melden Sie sich an, "
                        + "beenden Sie alle anderen Sitzungen und informieren Sie den Betreiber von {service}.",
                ])
        }
    }
}
