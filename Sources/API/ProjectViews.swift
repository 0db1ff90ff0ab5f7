// The shapes of projects, members and invitations.

package import Auth
import CGI
package import JSON
import Platform
package import Store

/// A project, its members, and who is invited.
package struct ProjectView: View {
    private let project: ProjectDetails

    package init(_ project: ProjectDetails) {
        self.project = project
    }

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

    package init(_ page: ProjectPage) {
        self.page = page
    }

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

/// A member of a project, or an address that is invited, of which nothing else is told.
package struct MemberView: View {
    private let user: UUID?
    private let email: String
    private let fullName: String?
    private let role: String
    private let invitation: UUID?
    /// Where an invitation is made: when the next mail can be asked for, nil if one is on its way.
    private let mailAfter: Timestamp??

    package init(_ member: Member) {
        user = member.user
        email = member.email
        fullName = member.fullName
        role = member.role.name
        invitation = nil
        mailAfter = nil
    }

    package init(_ invitation: Invitation) {
        self.init(invitation, mailAfter: nil)
    }

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

/// A page of invitations, as whoever is invited sees them.
package struct InvitationPageView: View {
    private let page: InvitationPage

    package init(_ page: InvitationPage) {
        self.page = page
    }

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
