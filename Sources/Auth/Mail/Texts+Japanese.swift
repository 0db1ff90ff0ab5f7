// The mails in Japanese, which has no plural.

import Store

extension MailTexts {
    static func japanese(_ kind: MailKind) -> MailTexts {
        switch kind {
        case .code:
            MailTexts(
                subject: "{service} のサインインコード：{code}",
                title: "サインインコード",
                paragraphs: [
                    "サインインコードは次のとおりです。\n{code}",
                    "有効期間は{minutes}分で、1回だけ使用できます。お心当たりのない場合は、このメールを無視してください。"
                        + "コードがなければ、誰もサインインできません。",
                ])
        case .emailCode:
            MailTexts(
                subject: "{service} の確認コード：{code}",
                title: "確認コード",
                paragraphs: [
                    "このメールアドレスをアカウントに登録するための確認コードは次のとおりです。\n{code}",
                    "有効期間は{minutes}分で、1回だけ使用できます。お心当たりのない場合は、このメールを無視してください。"
                        + "コードがなければ、このアドレスがアカウントに登録されることはありません。",
                ])
        case .currentEmailCode:
            MailTexts(
                subject: "{service} アカウントの新しいメールアドレスの確認：{code}",
                title: "メールアドレスの変更の確認",
                paragraphs: [
                    "アカウントのメールアドレスを {email} に変更する手続きが行われています。変更に同意するためのコードは次のとおりです。\n{code}",
                    "有効期間は{minutes}分で、1回だけ使用できます。お心当たりのない場合は、第三者がアカウントにアクセスしている可能性があります。"
                        + "このコードを誰にも教えず、サインインして、他のすべてのセッションを終了してください。",
                ])
        case .deletionCode:
            MailTexts(
                subject: "{service} アカウントの削除コード：{code}",
                title: "アカウントの削除",
                paragraphs: [
                    "アカウントを完全に削除するためのコードは次のとおりです。\n{code}",
                    "有効期間は{minutes}分で、1回だけ使用できます。お心当たりのない場合は、第三者がアカウントにアクセスしている可能性があります。"
                        + "このコードを誰にも教えず、サインインして、他のすべてのセッションを終了してください。",
                ])
        case .emailChanged:
            MailTexts(
                subject: "{service} アカウントのメールアドレスが変更されました",
                title: "メールアドレスの変更",
                paragraphs: [
                    "アカウントのメールアドレスが {email} に変更されました。このメールの宛先のアドレスでは、今後サインインできません。",
                    "ご自身で変更された場合は、何もする必要はありません。お心当たりのない場合は、第三者がアカウントにアクセスした可能性があります。"
                        + "ただちに {service} の運営者にご連絡ください。",
                ])
        case .emailGiven:
            MailTexts(
                subject: "{service} アカウントのメールアドレスがこのアドレスになりました",
                title: "新しいメールアドレス",
                paragraphs: [
                    "アカウントのメールアドレスが {email} から、このメールの宛先のアドレスに変更されました。今後はこのアドレスでサインインしてください。",
                    "変更したのは {service} の運営者です。依頼された覚えのない場合は、運営者にご連絡ください。",
                ])
        case .newNetwork:
            MailTexts(
                subject: "{service} アカウントへの新しいサインイン",
                title: "新しいサインイン",
                paragraphs: [
                    "新しいネットワークからアカウントへのサインインがありました。",
                    "日時：{time}\nIP アドレス：{ip}\nデバイス：{device}",
                    "ご自身によるものであれば、何もする必要はありません。お心当たりのない場合は、第三者がメールを読んでいるか、"
                        + "コードを見た可能性があります。メールアカウントのパスワードを変更してから、サインインし、"
                        + "他のすべてのセッションを終了してください。",
                ])
        case .keyExpiry:
            MailTexts(
                subject: "API キー「{key}」の有効期限まであと{days}日です",
                title: "API キーの有効期限",
                paragraphs: [
                    "プロジェクト「{project}」の API キー「{key}」（{prefix}…）は、あと{days}日で有効期限が切れます。"
                        + "期限を過ぎると使用できなくなります。",
                    "引き続き必要な場合は、期限までにキーを更新するか、新しいキーを作成してください。"
                        + "不要な場合は、何もする必要はありません。お心当たりのないキーであれば、削除してください。",
                ])
        case .invitation:
            MailTexts(
                subject: "{inviter} さんからの {project} への招待",
                title: "招待",
                paragraphs: [
                    "{inviter} さんが、{service} のプロジェクト「{project}」にあなたを招待しています。",
                    "承諾または辞退するには、このメールの宛先のアドレスでサインインしてください。\n{link}",
                    "お心当たりのない場合は、このメールを無視してください。承諾しない限り、プロジェクトに参加することはありません。",
                ])
        case .accountDeleted, .keyCreated, .ownerMade, .accessGiven, .accessEnded, .noticesOff:
            announcement(kind, .japanese)
        case .projectDeleted:
            MailTexts(
                subject: "プロジェクト「{project}」が削除されました",
                title: "プロジェクトの削除",
                paragraphs: [
                    "あなたが参加していた {service} のプロジェクトが、所有者または運営者によって削除されました（{count} 件）。"
                        + "最後に削除されたのは「{project}」です。API キーは使用できなくなり、招待は終了しました。",
                    "ご自身で削除した場合は、何もする必要はありません。あなたが所有者で、削除した覚えがない場合は、"
                        + "第三者が所有者のアカウントを使用している可能性があります。サインインして他のすべてのセッションを終了し、"
                        + "{service} の運営者に連絡してください。",
                ])
        }
    }
}
