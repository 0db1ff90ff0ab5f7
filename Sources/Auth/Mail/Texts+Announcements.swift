// The mails that tell of lasting changes, in each language. Numbers stand alone, so that no word depends on them.

extension MailTexts {
    /// The texts of a kind that announces a change; those of no other are asked for.
    static func announcement(_ kind: MailKind, _ language: Language) -> MailTexts {
        switch language {
        case .english: english(announcing: kind)
        case .german: german(announcing: kind)
        case .french: french(announcing: kind)
        case .spanish: spanish(announcing: kind)
        case .japanese: japanese(announcing: kind)
        case .chinese: chinese(announcing: kind)
        }
    }

    private static func english(announcing kind: MailKind) -> MailTexts {
        let yours = "If you did this, there is nothing to do. If not, someone else has access to your account: "
        return switch kind {
        case .accountDeleted:
            MailTexts(
                subject: "Your {service} account was deleted",
                title: "Account deleted",
                paragraphs: [
                    "Your account was deleted, with its sessions, its API keys, and the projects that it alone owned.",
                    "If you did this, there is nothing to do. If not, someone may be able to read your mail: change the "
                        + "password of your mailbox, and contact the operator of {service}.",
                ])
        case .keyCreated:
            MailTexts(
                subject: "New API keys in your {service} account",
                title: "New API keys",
                paragraphs: [
                    "API keys were created with your account, or given more rights: {count}. The last one is {prefix}…",
                    "They keep working after all sessions have ended.",
                    yours + "sign in, delete the keys, and end all other sessions.",
                ])
        case .ownerMade:
            MailTexts(
                subject: "A new owner in one of your {service} projects",
                title: "New owner",
                paragraphs: [
                    "With your account, people were made owners of projects, or invited to become owners: {count}. The last "
                        + "one is {email}.",
                    yours + "sign in, remove them from the project, and end all other sessions.",
                ])
        case .accessGiven:
            MailTexts(
                subject: "New people in your {service} projects",
                title: "New people in projects",
                paragraphs: [
                    "With your account, people were invited to projects, or given another role there: {count}. The last one "
                        + "is {email}.",
                    yours + "sign in, remove them from the project, and end all other sessions.",
                ])
        default:
            MailTexts(
                subject: "Notices of your {service} account were switched off",
                title: "Notices switched off",
                paragraphs: [
                    "Mails about new sign-ins or expiring API keys were switched off for your account. Number of changes: "
                        + "{count}.",
                    yours + "sign in, switch the mails on again, and end all other sessions.",
                ])
        }
    }

    private static func german(announcing kind: MailKind) -> MailTexts {
        let yours =
            "Wenn Sie das selbst waren, müssen Sie nichts tun. Wenn nicht, hat jemand anderes Zugang zu Ihrem Konto: "
        return switch kind {
        case .accountDeleted:
            MailTexts(
                subject: "Ihr Konto bei {service} wurde gelöscht",
                title: "Konto gelöscht",
                paragraphs: [
                    "Ihr Konto wurde gelöscht, mit seinen Sitzungen, seinen API-Schlüsseln und den Projekten, die nur ihm "
                        + "gehörten.",
                    "Wenn Sie das selbst waren, müssen Sie nichts tun. Wenn nicht, kann womöglich jemand Ihre E-Mails lesen: "
                        + "Ändern Sie das Passwort Ihres Postfachs und wenden Sie sich an den Betreiber von {service}.",
                ])
        case .keyCreated:
            MailTexts(
                subject: "Neue API-Schlüssel in Ihrem Konto bei {service}",
                title: "Neue API-Schlüssel",
                paragraphs: [
                    "Mit Ihrem Konto wurden API-Schlüssel angelegt oder ihre Rechte erweitert. Anzahl: {count}. Der letzte "
                        + "ist {prefix}…",
                    "Sie gelten auch dann weiter, wenn alle Sitzungen beendet sind.",
                    yours + "Melden Sie sich an, löschen Sie die Schlüssel und beenden Sie alle anderen Sitzungen.",
                ])
        case .ownerMade:
            MailTexts(
                subject: "Neuer Inhaber in einem Ihrer Projekte bei {service}",
                title: "Neuer Inhaber",
                paragraphs: [
                    "Mit Ihrem Konto wurden Personen zu Inhabern von Projekten gemacht oder dazu eingeladen. Anzahl: "
                        + "{count}. Zuletzt: {email}.",
                    yours + "Melden Sie sich an, entfernen Sie sie aus dem Projekt und beenden Sie alle anderen Sitzungen.",
                ])
        case .accessGiven:
            MailTexts(
                subject: "Neue Personen in Ihren Projekten bei {service}",
                title: "Neue Personen in Projekten",
                paragraphs: [
                    "Mit Ihrem Konto wurden Personen zu Projekten eingeladen oder haben dort eine andere Rolle bekommen. "
                        + "Anzahl: {count}. Zuletzt: {email}.",
                    yours + "Melden Sie sich an, entfernen Sie sie aus dem Projekt und beenden Sie alle anderen Sitzungen.",
                ])
        default:
            MailTexts(
                subject: "Mitteilungen Ihres Kontos bei {service} wurden abgeschaltet",
                title: "Mitteilungen abgeschaltet",
                paragraphs: [
                    "Für Ihr Konto wurden E-Mails über neue Anmeldungen oder ablaufende API-Schlüssel abgeschaltet. Anzahl "
                        + "der Änderungen: {count}.",
                    yours + "Melden Sie sich an, schalten Sie die E-Mails wieder ein und beenden Sie alle anderen Sitzungen.",
                ])
        }
    }

    private static func french(announcing kind: MailKind) -> MailTexts {
        let yours =
            "Si c’était vous, vous n’avez rien à faire. Sinon, une autre personne a accès à votre compte\u{A0}: "
        return switch kind {
        case .accountDeleted:
            MailTexts(
                subject: "Votre compte {service} a été supprimé",
                title: "Compte supprimé",
                paragraphs: [
                    "Votre compte a été supprimé, avec ses sessions, ses clés d’API et les projets dont il était le seul "
                        + "propriétaire.",
                    "Si c’était vous, vous n’avez rien à faire. Sinon, quelqu’un a peut-être accès à vos e-mails\u{A0}: "
                        + "changez le mot de passe de votre messagerie et prévenez le responsable de {service}.",
                ])
        case .keyCreated:
            MailTexts(
                subject: "Nouvelles clés d’API dans votre compte {service}",
                title: "Nouvelles clés d’API",
                paragraphs: [
                    "Des clés d’API ont été créées avec votre compte, ou leurs droits ont été étendus. Nombre\u{A0}: {count}. "
                        + "La dernière est {prefix}…",
                    "Elles restent valables une fois toutes les sessions terminées.",
                    yours + "connectez-vous, supprimez ces clés et mettez fin à toutes les autres sessions.",
                ])
        case .ownerMade:
            MailTexts(
                subject: "Nouveau propriétaire dans l’un de vos projets {service}",
                title: "Nouveau propriétaire",
                paragraphs: [
                    "Avec votre compte, des personnes sont devenues propriétaires de projets, ou ont été invitées à le "
                        + "devenir. Nombre\u{A0}: {count}. La dernière\u{A0}: {email}.",
                    yours + "connectez-vous, retirez-les du projet et mettez fin à toutes les autres sessions.",
                ])
        case .accessGiven:
            MailTexts(
                subject: "Nouvelles personnes dans vos projets {service}",
                title: "Nouvelles personnes dans des projets",
                paragraphs: [
                    "Avec votre compte, des personnes ont été invitées à des projets, ou y ont reçu un autre rôle. "
                        + "Nombre\u{A0}: {count}. La dernière\u{A0}: {email}.",
                    yours + "connectez-vous, retirez-les du projet et mettez fin à toutes les autres sessions.",
                ])
        default:
            MailTexts(
                subject: "Les avis de votre compte {service} ont été désactivés",
                title: "Avis désactivés",
                paragraphs: [
                    "Les e-mails sur les nouvelles connexions ou l’expiration des clés d’API ont été désactivés pour votre "
                        + "compte. Nombre de modifications\u{A0}: {count}.",
                    yours + "connectez-vous, réactivez ces e-mails et mettez fin à toutes les autres sessions.",
                ])
        }
    }

    private static func spanish(announcing kind: MailKind) -> MailTexts {
        let yours = "Si ha sido usted, no tiene que hacer nada. Si no, otra persona tiene acceso a su cuenta: "
        return switch kind {
        case .accountDeleted:
            MailTexts(
                subject: "Su cuenta de {service} se ha eliminado",
                title: "Cuenta eliminada",
                paragraphs: [
                    "Su cuenta se ha eliminado, con sus sesiones, sus claves de API y los proyectos que solo le pertenecían a "
                        + "ella.",
                    "Si ha sido usted, no tiene que hacer nada. Si no, es posible que alguien pueda leer su correo: cambie la "
                        + "contraseña de su buzón y avise al responsable de {service}.",
                ])
        case .keyCreated:
            MailTexts(
                subject: "Nuevas claves de API en su cuenta de {service}",
                title: "Nuevas claves de API",
                paragraphs: [
                    "Con su cuenta se han creado claves de API o se han ampliado sus permisos. Número: {count}. La última es "
                        + "{prefix}…",
                    "Siguen siendo válidas cuando se cierran todas las sesiones.",
                    yours + "inicie sesión, elimine las claves y cierre todas las demás sesiones.",
                ])
        case .ownerMade:
            MailTexts(
                subject: "Nuevo propietario en uno de sus proyectos de {service}",
                title: "Nuevo propietario",
                paragraphs: [
                    "Con su cuenta se ha nombrado a personas propietarias de proyectos, o se las ha invitado a serlo. Número: "
                        + "{count}. La última: {email}.",
                    yours + "inicie sesión, quítelas del proyecto y cierre todas las demás sesiones.",
                ])
        case .accessGiven:
            MailTexts(
                subject: "Nuevas personas en sus proyectos de {service}",
                title: "Nuevas personas en proyectos",
                paragraphs: [
                    "Con su cuenta se ha invitado a personas a proyectos, o se les ha dado allí otra función. Número: "
                        + "{count}. La última: {email}.",
                    yours + "inicie sesión, quítelas del proyecto y cierre todas las demás sesiones.",
                ])
        default:
            MailTexts(
                subject: "Se han desactivado los avisos de su cuenta de {service}",
                title: "Avisos desactivados",
                paragraphs: [
                    "Se han desactivado los correos sobre nuevos inicios de sesión o claves de API que caducan. Número de "
                        + "cambios: {count}.",
                    yours + "inicie sesión, vuelva a activar los correos y cierre todas las demás sesiones.",
                ])
        }
    }

    private static func japanese(announcing kind: MailKind) -> MailTexts {
        let yours = "ご自身によるものであれば、何もする必要はありません。お心当たりのない場合は、第三者がアカウントにアクセスしています。"
        return switch kind {
        case .accountDeleted:
            MailTexts(
                subject: "{service} アカウントが削除されました",
                title: "アカウントの削除",
                paragraphs: [
                    "アカウントが、そのセッション、API キー、単独で所有していたプロジェクトとともに削除されました。",
                    "ご自身によるものであれば、何もする必要はありません。お心当たりのない場合は、第三者がメールを読んでいる可能性があります。"
                        + "メールアカウントのパスワードを変更し、{service} の運営者にご連絡ください。",
                ])
        case .keyCreated:
            MailTexts(
                subject: "{service} アカウントの新しい API キー",
                title: "新しい API キー",
                paragraphs: [
                    "アカウントで API キーが作成されたか、キーの権限が広げられました（{count} 件）。最後のキー：{prefix}…",
                    "これらのキーは、すべてのセッションが終了した後も有効です。",
                    yours + "サインインしてキーを削除し、他のすべてのセッションを終了してください。",
                ])
        case .ownerMade:
            MailTexts(
                subject: "{service} のプロジェクトの新しいオーナー",
                title: "新しいオーナー",
                paragraphs: [
                    "あなたのアカウントで、プロジェクトのオーナーが追加されたか、オーナーとして招待されました（{count} 件）。"
                        + "最後のアドレス：{email}",
                    yours + "サインインして該当者をプロジェクトから外し、他のすべてのセッションを終了してください。",
                ])
        case .accessGiven:
            MailTexts(
                subject: "{service} のプロジェクトの新しいメンバー",
                title: "プロジェクトの新しいメンバー",
                paragraphs: [
                    "あなたのアカウントで、プロジェクトへの招待、または役割の変更が行われました（{count} 件）。最後のアドレス：{email}",
                    yours + "サインインして該当者をプロジェクトから外し、他のすべてのセッションを終了してください。",
                ])
        default:
            MailTexts(
                subject: "{service} アカウントの通知がオフになりました",
                title: "通知のオフ",
                paragraphs: [
                    "新しいサインインまたは API キーの有効期限についてのメールがオフになりました。変更の件数：{count}",
                    yours + "サインインしてメールをオンに戻し、他のすべてのセッションを終了してください。",
                ])
        }
    }

    private static func chinese(announcing kind: MailKind) -> MailTexts {
        let yours = "如果是您本人操作，则无需处理。如果不是，说明有他人可以访问您的账号："
        return switch kind {
        case .accountDeleted:
            MailTexts(
                subject: "您的 {service} 账号已删除",
                title: "账号已删除",
                paragraphs: [
                    "您的账号已删除，其会话、API 密钥以及仅由该账号拥有的项目也一并删除。",
                    "如果是您本人操作，则无需处理。如果不是，可能有人能够读取您的邮件：请更改您邮箱的密码，并联系 {service} 的运营者。",
                ])
        case .keyCreated:
            MailTexts(
                subject: "您的 {service} 账号有新的 API 密钥",
                title: "新的 API 密钥",
                paragraphs: [
                    "有人用您的账号创建了 API 密钥，或扩大了密钥的权限。数量：{count}。最后一个是 {prefix}…",
                    "即使所有会话都已结束，这些密钥仍然有效。",
                    yours + "请登录，删除这些密钥，并结束所有其他会话。",
                ])
        case .ownerMade:
            MailTexts(
                subject: "您的 {service} 项目有新的所有者",
                title: "新的所有者",
                paragraphs: [
                    "有人用您的账号将他人设为项目所有者，或邀请他人成为所有者。数量：{count}。最后一个是 {email}。",
                    yours + "请登录，将其移出项目，并结束所有其他会话。",
                ])
        case .accessGiven:
            MailTexts(
                subject: "您的 {service} 项目有新的成员",
                title: "项目的新成员",
                paragraphs: [
                    "有人用您的账号邀请他人加入项目，或更改了他人的角色。数量：{count}。最后一个是 {email}。",
                    yours + "请登录，将其移出项目，并结束所有其他会话。",
                ])
        default:
            MailTexts(
                subject: "您的 {service} 账号的通知已关闭",
                title: "通知已关闭",
                paragraphs: [
                    "您账号的新登录或 API 密钥到期邮件已关闭。更改次数：{count}。",
                    yours + "请登录，重新打开这些邮件，并结束所有其他会话。",
                ])
        }
    }
}
