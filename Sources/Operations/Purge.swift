// Deletes everything that has expired, in one run.

package import Auth
import Store

extension Operations {
    /// Deletes everything that has expired, in small steps, so that others hardly wait.
    package func purge(report: (_ deleted: Int) -> Void = { _ in }) throws(AuthError) -> CleanedUp {
        let database = try database()
        var all = CleanedUp()
        while true {
            let some = try auth.cleanUp(database)
            if some.total == 0 {
                database.checkpoint()
                return all
            }
            all.add(some)
            report(all.total)
        }
    }
}
