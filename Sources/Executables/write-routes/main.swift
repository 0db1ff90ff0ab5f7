// Writes the routes into the servers' configurations: `make routes`, in the project's folder.
//
// Only developers run this, and no package contains it, so it may use Foundation.

import API
import Foundation
import ServerConfigurations

do {
    for (file, sections) in sections(Route.all) {
        let old = try String(contentsOfFile: file, encoding: .utf8)
        var new = old
        for section in sections { new = try replacing(section.name, in: new, of: file, by: section.lines) }
        guard new != old else { continue }
        try new.write(toFile: file, atomically: false, encoding: .utf8)
        print("written: \(file)")
    }
} catch let fault as SectionFault {
    FileHandle.standardError.write(Data("write-routes: \(fault.file): \(fault.reason)\n".utf8))
    exit(1)
}
