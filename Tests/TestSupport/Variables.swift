// Meta-variables in the form that a web server passes them.

package import CGI
import Glibc

/// The list of `entries`, for as long as the process runs.
package func parameters(_ entries: [String]) -> Parameters {
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: entries.count + 1)
    for (index, entry) in entries.enumerated() { list[index] = strdup(entry) }
    list[entries.count] = nil
    return Parameters(list)
}
