// Every endpoint, for the one executable that answers them all.

package import API

/// All endpoints, in the order of `Route.all`.
@export(interface)
package let allEndpoints: [Endpoint] = [
    sendCode, verifyCode, refreshToken, revokeToken, currentUser, listAPIKeys, createAPIKey,
    deleteAPIKey, updateAPIKey, rotateAPIKey, verifyAPIKey, listSessions, deleteSession,
    revokeOtherSessions, updateUser, deleteUser, sendDeletionCode, preferences, changeEmail, confirmEmail,
    listProjects, createProject, getProject, updateProject, deleteProject, addMember, updateMember,
    removeMember, listInvitations, acceptInvitation, declineInvitation, keySet, health, metrics,
]
