// The mails that announce lasting changes, in each language. No word depends on a number, so the texts need no
// plural forms.

import Store

extension MailTexts {
    /// The texts of a kind that announces a change; never called for another kind.
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
        let yours = "If you did this, you do not need to do anything. If not, someone else has access to your account: "
        return switch kind {
        case .accountDeleted:
            MailTexts(
                subject: "Your {service} account was deleted",
                title: "Account deleted",
                paragraphs: [
                    "Your account was deleted, with its sessions, its API keys, and the projects that only you owned.",
                    "If you did this, you do not need to do anything. If not, someone may be able to read your mail: change "
                        + "the password of your mailbox, and contact the operator of {service}.",
                ])
        case .keyCreated:
            MailTexts(
                subject: "New API keys in your {service} account",
                title: "New API keys",
                paragraphs: [
                    "API keys were created with your account, or were given more rights. Number of changes: {count}. The latest "
                        + "key begins with {prefix}…",
                    "They keep working even after all sessions have ended.",
                    yours + "sign in, delete the keys, and end all other sessions.",
                ])
        case .ownerMade:
            MailTexts(
                subject: "A new owner in one of your {service} projects",
                title: "New owner",
                paragraphs: [
                    "Your account was used to make people owners of projects, or to invite them as owners. Number of changes: "
                        + "{count}. The latest person is {email}.",
                    yours + "sign in, remove them from the project, and end all other sessions.",
                ])
        case .accessGiven:
            MailTexts(
                subject: "Access to your {service} projects was changed",
                title: "Access to projects changed",
                paragraphs: [
                    "Your account was used to invite people to projects, to change their roles, or to remove them. Number of "
                        + "changes: {count}. The latest person is {email}.",
                    yours + "sign in, check who belongs to your projects, and end all other sessions.",
                ])
        case .accessEnded:
            MailTexts(
                subject: "Your access to {service} projects was reduced",
                title: "Less access to projects",
                paragraphs: [
                    "You are no longer a member of projects, or your role there has fewer rights now. Number of changes: "
                        + "{count}. The latest project is “{project}”.",
                    "If you left it, or know about this, you do not need to do anything. If not, someone else may have access "
                        + "to your account or to another owner’s account: sign in, end all other sessions, and ask the "
                        + "project’s owners.",
                ])
        default:
            MailTexts(
                subject: "Mail settings of your {service} account were changed",
                title: "Mail settings changed",
                paragraphs: [
                    "Mails about new sign-ins or expiring API keys were turned off for your account, or the language of mails "
                        + "was changed. Number of changes: {count}.",
                    yours + "sign in, check your mail settings, and end all other sessions.",
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
                subject: "Geänderter Zugang zu Ihren Projekten bei {service}",
                title: "Zugang zu Projekten geändert",
                paragraphs: [
                    "Mit Ihrem Konto wurden Personen zu Projekten eingeladen, daraus entfernt oder haben dort eine andere Rolle "
                        + "bekommen. Anzahl: {count}. Zuletzt: {email}.",
                    yours
                        + "Melden Sie sich an, prüfen Sie, wer zu Ihren Projekten gehört, und beenden Sie alle anderen Sitzungen.",
                ])
        case .accessEnded:
            MailTexts(
                subject: "Ihr Zugang zu Projekten bei {service} wurde eingeschränkt",
                title: "Weniger Zugang zu Projekten",
                paragraphs: [
                    "Sie gehören zu Projekten nicht mehr oder haben dort eine Rolle mit weniger Rechten. Anzahl: {count}. "
                        + "Zuletzt: „{project}“.",
                    "Wenn Sie es verlassen haben oder davon wissen, müssen Sie nichts tun. Wenn nicht, hat womöglich jemand "
                        + "anderes Zugang zu Ihrem Konto oder dem eines anderen Inhabers: Melden Sie sich an, beenden Sie "
                        + "alle anderen Sitzungen und fragen Sie die Inhaber des Projekts.",
                ])
        default:
            MailTexts(
                subject: "E-Mail-Einstellungen Ihres Kontos bei {service} wurden geändert",
                title: "E-Mail-Einstellungen geändert",
                paragraphs: [
                    "Für Ihr Konto wurden E-Mails über neue Anmeldungen oder ablaufende API-Schlüssel abgeschaltet, oder ihre "
                        + "Sprache wurde geändert. Anzahl der Änderungen: {count}.",
                    yours + "Melden Sie sich an, prüfen Sie Ihre E-Mail-Einstellungen und beenden Sie alle anderen Sitzungen.",
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
                subject: "Modification des accès à vos projets {service}",
                title: "Accès aux projets modifiés",
                paragraphs: [
                    "Avec votre compte, des personnes ont été invitées à des projets, en ont été retirées ou y ont reçu un "
                        + "autre rôle. Nombre\u{A0}: {count}. La dernière\u{A0}: {email}.",
                    yours + "connectez-vous, vérifiez qui fait partie de vos projets et mettez fin à toutes les autres sessions.",
                ])
        case .accessEnded:
            MailTexts(
                subject: "Votre accès à des projets {service} a été réduit",
                title: "Accès réduit à des projets",
                paragraphs: [
                    "Vous ne faites plus partie de projets, ou y avez un rôle avec moins de droits. Nombre\u{A0}: {count}. Le "
                        + "dernier\u{A0}: «\u{A0}{project}\u{A0}».",
                    "Si vous l’avez quitté, ou si vous êtes au courant, vous n’avez rien à faire. Sinon, quelqu’un d’autre a "
                        + "peut-être accès à votre compte ou à celui d’un autre propriétaire\u{A0}: connectez-vous, mettez fin "
                        + "à toutes les autres sessions et interrogez les propriétaires du projet.",
                ])
        default:
            MailTexts(
                subject: "Les réglages d’e-mail de votre compte {service} ont été modifiés",
                title: "Réglages d’e-mail modifiés",
                paragraphs: [
                    "Les e-mails sur les nouvelles connexions ou l’expiration des clés d’API ont été désactivés pour votre "
                        + "compte, ou leur langue a été modifiée. Nombre de modifications\u{A0}: {count}.",
                    yours + "connectez-vous, vérifiez vos réglages d’e-mail et mettez fin à toutes les autres sessions.",
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
                subject: "Cambios de acceso a sus proyectos de {service}",
                title: "Acceso a proyectos modificado",
                paragraphs: [
                    "Con su cuenta se ha invitado a personas a proyectos, se las ha retirado de ellos o se les ha dado allí otra "
                        + "función. Número: {count}. La última: {email}.",
                    yours + "inicie sesión, compruebe quién pertenece a sus proyectos y cierre todas las demás sesiones.",
                ])
        case .accessEnded:
            MailTexts(
                subject: "Se ha reducido su acceso a proyectos de {service}",
                title: "Menos acceso a proyectos",
                paragraphs: [
                    "Usted ya no pertenece a proyectos, o tiene allí una función con menos derechos. Número: {count}. El "
                        + "último: «{project}».",
                    "Si lo ha abandonado usted, o está al corriente, no tiene que hacer nada. Si no, es posible que otra "
                        + "persona tenga acceso a su cuenta o a la de otro propietario: inicie sesión, cierre todas las demás "
                        + "sesiones y pregunte a los propietarios del proyecto.",
                ])
        default:
            MailTexts(
                subject: "Se ha modificado la configuración de correo de su cuenta de {service}",
                title: "Configuración de correo modificada",
                paragraphs: [
                    "Se han desactivado los correos sobre nuevos inicios de sesión o claves de API que caducan, o se ha cambiado "
                        + "su idioma. Número de cambios: {count}.",
                    yours + "inicie sesión, compruebe su configuración de correo y cierre todas las demás sesiones.",
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
                subject: "{service} のプロジェクトのアクセス権が変更されました",
                title: "プロジェクトのアクセス権の変更",
                paragraphs: [
                    "あなたのアカウントで、プロジェクトへの招待、役割の変更、またはメンバーの削除が行われました（{count} 件）。"
                        + "最後のアドレス：{email}",
                    yours + "サインインしてプロジェクトのメンバーを確認し、他のすべてのセッションを終了してください。",
                ])
        case .accessEnded:
            MailTexts(
                subject: "{service} のプロジェクトでの権限が減りました",
                title: "プロジェクトでの権限の縮小",
                paragraphs: [
                    "あなたはプロジェクトのメンバーではなくなったか、権限の少ない役割に変更されました（{count} 件）。"
                        + "最後のプロジェクトは「{project}」です。",
                    "ご自身で退出した場合や、ご存じの場合は、何もする必要はありません。そうでない場合は、第三者があなた、"
                        + "または別の所有者のアカウントを使用している可能性があります。サインインして他のすべてのセッションを終了し、"
                        + "プロジェクトの所有者に確認してください。",
                ])
        default:
            MailTexts(
                subject: "{service} アカウントのメール設定が変更されました",
                title: "メール設定の変更",
                paragraphs: [
                    "新しいサインインまたは API キーの有効期限についてのメールがオフになったか、メールの言語が変更されました。"
                        + "変更の件数：{count}",
                    yours + "サインインしてメール設定を確認し、他のすべてのセッションを終了してください。",
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
                subject: "您的 {service} 项目的访问权限已更改",
                title: "项目访问权限已更改",
                paragraphs: [
                    "有人用您的账号邀请他人加入项目、更改了他人的角色，或将他人移出项目。数量：{count}。最后一个是 {email}。",
                    yours + "请登录，检查您的项目有哪些成员，并结束所有其他会话。",
                ])
        case .accessEnded:
            MailTexts(
                subject: "您在 {service} 项目中的权限已减少",
                title: "项目权限已减少",
                paragraphs: [
                    "您不再是某些项目的成员，或您在其中的角色权限变少了。数量：{count}。最后一个是“{project}”。",
                    "如果是您自己退出的，或您知道此事，则无需处理。否则，可能有人能够使用您的账号或另一位所有者的账号："
                        + "请登录，结束所有其他会话，并询问项目的所有者。",
                ])
        default:
            MailTexts(
                subject: "您的 {service} 账号的邮件设置已更改",
                title: "邮件设置已更改",
                paragraphs: [
                    "您账号的新登录或 API 密钥到期邮件已关闭，或邮件语言已更改。更改次数：{count}。",
                    yours + "请登录，检查您的邮件设置，并结束所有其他会话。",
                ])
        }
    }
}
