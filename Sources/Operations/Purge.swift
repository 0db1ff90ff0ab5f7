// Deletes what has expired, all of it at once.

package import Auth
import Store

extension Operations {
    /// Deletes all that has expired, a little at a time, so that others are hardly held up.
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
