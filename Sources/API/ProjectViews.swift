// The shapes of projects, members and invitations.

package import Auth
import CGI
package import JSON
import Platform
package import Store

/// A project, its members, and its invitations.
package struct ProjectView: View {
    private let project: ProjectDetails

    /// For the answers of create-project, get-project, update-project and accept-invitation, and the items of list-projects.
    package init(_ project: ProjectDetails) {
        self.project = project
    }

    /// An object: `id`, `name`, `description` (null: none), `created_at`, `updated_at`, and `members`, an array of
    /// `MemberView`s, first of members, then of invitations.
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", project.id.text)
            json.member("name", project.name)
            json.member("description", project.description)
            json.member("created_at", project.createdAt.text)
            json.member("updated_at", project.updatedAt.text)
            json.name("members")
            json.array { json in
                for member in project.members { MemberView(member).write(to: &json) }
                for invitation in project.invitations { MemberView(invitation).write(to: &json) }
            }
        }
    }
}

/// A page of projects.
package struct ProjectPageView: View {
    private let page: ProjectPage

    /// For the answer of list-projects.
    package init(_ page: ProjectPage) {
        self.page = page
    }

    /// An object: `items`, an array of `ProjectView`s, and `pagination` (`page`, `limit`, `total`, `pages`).
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.name("items")
            json.array { json in
                for project in page.projects { ProjectView(project).write(to: &json) }
            }
            json.pagination(page.request, total: page.total)
        }
    }
}

/// A member of a project, or an invited address, of which nothing else is shown.
package struct MemberView: View {
    private let user: UUID?
    private let email: String
    private let fullName: String?
    private let role: String
    private let invitation: UUID?
    /// In add-member's answer: when the next mail can be requested; nil if one is being sent.
    private let mailAfter: Timestamp??

    /// For a member: `invitation_id` is null.
    package init(_ member: Member) {
        user = member.user
        email = member.email
        fullName = member.fullName
        role = member.role.name
        invitation = nil
        mailAfter = nil
    }

    /// For an open invitation in a project: `role` is `invited`; `user_id` and `full_name` are null.
    package init(_ invitation: Invitation) {
        self.init(invitation, mailAfter: nil)
    }

    /// For add-member's answer, which also has the mail's status.
    package init(_ sent: SentInvitation) {
        self.init(sent.invitation, mailAfter: .some(sent.mailAfter))
    }

    private init(_ invitation: Invitation, mailAfter: Timestamp??) {
        user = nil
        email = invitation.email
        fullName = nil
        role = "invited"
        self.invitation = invitation.id
        self.mailAfter = mailAfter
    }

    /// An object: `user_id`, `email`, `full_name`, `role`, `invitation_id`; for a new invitation also `mailed` (whether a mail
    /// is being sent) and `mail_after` (null if it is, otherwise when the next can be requested).
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("user_id", user?.text)
            json.member("email", email)
            json.member("full_name", fullName)
            json.member("role", role)
            json.member("invitation_id", invitation?.text)
            if let mailAfter {
                json.member("mailed", mailAfter == nil)
                json.member("mail_after", mailAfter?.text)
            }
        }
    }
}

/// A page of invitations, for the invited user.
package struct InvitationPageView: View {
    private let page: InvitationPage

    /// For the answer of list-invitations.
    package init(_ page: InvitationPage) {
        self.page = page
    }

    /// An object: `items`, objects with `id`, `project` (`id`, `name`), `role` (the offered one), `invited_by` (an address) and
    /// `created_at`; and `pagination` (`page`, `limit`, `total`, `pages`).
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.name("items")
            json.array { json in
                for invitation in page.invitations { write(invitation, to: &json) }
            }
            json.pagination(page.request, total: page.total)
        }
    }

    private func write(_ invitation: Invitation, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", invitation.id.text)
            json.name("project")
            json.object { json in
                json.member("id", invitation.project.text)
                json.member("name", invitation.projectName)
            }
            json.member("role", invitation.role.name)
            json.member("invited_by", invitation.inviter)
            json.member("created_at", invitation.createdAt.text)
        }
    }
}
