// The mails in Chinese, in simplified characters. There is no plural.

import Store

extension MailTexts {
    static func chinese(_ kind: MailKind) -> MailTexts {
        switch kind {
        case .code:
            MailTexts(
                subject: "{code} 是您的 {service} 登录验证码",
                title: "登录验证码",
                paragraphs: [
                    "您的登录验证码是 {code}。",
                    "验证码在 {minutes} 分钟内有效，且只能使用一次。如果不是您本人操作，请忽略此邮件：没有验证码，任何人都无法登录。",
                ])
        case .emailCode:
            MailTexts(
                subject: "{code} 是您的 {service} 邮箱验证码",
                title: "邮箱验证码",
                paragraphs: [
                    "为您的账号确认此邮箱地址的验证码是 {code}。",
                    "验证码在 {minutes} 分钟内有效，且只能使用一次。如果不是您本人操作，请忽略此邮件：没有验证码，此地址不会绑定到任何账号。",
                ])
        case .currentEmailCode:
            MailTexts(
                subject: "{code} 用于确认您的 {service} 账号的新邮箱地址",
                title: "更改邮箱地址",
                paragraphs: [
                    "您账号的邮箱地址将更改为 {email}。同意此更改的验证码是 {code}。",
                    "验证码在 {minutes} 分钟内有效，且只能使用一次。如果不是您本人操作，说明有他人正在访问您的账号："
                        + "请勿将验证码告诉任何人，并请登录后结束所有其他会话。",
                ])
        case .deletionCode:
            MailTexts(
                subject: "{code} 用于删除您的 {service} 账号",
                title: "删除账号",
                paragraphs: [
                    "永久删除您的账号的验证码是 {code}。",
                    "验证码在 {minutes} 分钟内有效，且只能使用一次。如果不是您本人操作，说明有他人正在访问您的账号："
                        + "请勿将验证码告诉任何人，并请登录后结束所有其他会话。",
                ])
        case .emailChanged:
            MailTexts(
                subject: "您的 {service} 账号的邮箱地址已更改",
                title: "邮箱地址已更改",
                paragraphs: [
                    "您账号的邮箱地址现为 {email}。您不能再使用收到此邮件的地址登录。",
                    "如果是您本人操作，则无需处理。如果不是，说明有他人访问过您的账号：请立即联系 {service} 的运营者。",
                ])
        case .emailGiven:
            MailTexts(
                subject: "此地址现为您的 {service} 账号的邮箱地址",
                title: "新的邮箱地址",
                paragraphs: [
                    "您账号的邮箱地址已由 {email} 改为收到此邮件的地址。请使用此地址登录。",
                    "更改由 {service} 的运营者完成。如果您并未要求更改，请联系运营者。",
                ])
        case .newNetwork:
            MailTexts(
                subject: "您的 {service} 账号有新的登录",
                title: "新的登录",
                paragraphs: [
                    "您的账号有一次来自新网络的登录：",
                    "时间：{time}\nIP 地址：{ip}\n设备：{device}",
                    "如果是您本人操作，则无需处理。如果不是，可能有人能够读取您的邮件，或看到了验证码："
                        + "请先更改您邮箱的密码，然后登录并结束所有其他会话。",
                ])
        case .keyExpiry:
            MailTexts(
                subject: "API 密钥“{key}”将在 {days} 天后过期",
                title: "API 密钥即将过期",
                paragraphs: [
                    "项目“{project}”的 API 密钥“{key}”（{prefix}…）将在 {days} 天后过期，之后将无法使用。",
                    "如果仍然需要，请在此之前轮换该密钥或创建新密钥。如果不再需要，则无需处理。如果您不认识该密钥，请将其删除。",
                ])
        case .invitation:
            MailTexts(
                subject: "{inviter} 邀请您加入 {project}",
                title: "邀请",
                paragraphs: [
                    "{inviter} 邀请您加入 {service} 上的项目“{project}”。",
                    "如需接受或拒绝，请使用收到此邮件的地址登录：\n{link}",
                    "如果您没有料到会收到此邀请，请忽略此邮件：只有接受邀请，您才会加入该项目。",
                ])
        case .accountDeleted, .keyCreated, .ownerMade, .accessGiven, .accessEnded, .noticesOff:
            announcement(kind, .chinese)
        case .projectDeleted:
            MailTexts(
                subject: "项目“{project}”已被删除",
                title: "项目已删除",
                paragraphs: [
                    "您所属的 {service} 项目已被所有者或运营者删除，数量：{count}。最后一个是“{project}”。"
                        + "这些项目的 API 密钥不再有效，邀请也已终止。",
                    "如果是您本人删除的，则无需处理。如果您是所有者但没有删除它，可能有人能够使用某位所有者的账号："
                        + "请登录，结束所有其他会话，并联系 {service} 的运营者。",
                ])
        }
    }
}
