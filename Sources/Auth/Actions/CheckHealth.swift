// Whether the service could do its work now.

extension Auth {
    /// Throws what keeps the database from answering, if anything does; makes it if there is none.
    package func checkHealth() throws(AuthError) {
        _ = try MailItem.nextDue(in: try database())
        _ = try secrets()
    }
}
