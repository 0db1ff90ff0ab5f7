// What the command reports when the state is missing.

import Foundation
import TestSupport
import Testing

@Suite struct MissingStateCommandTests {
    @Test func aCommandTellsAStateThatIsGoneFromOneThatNeverWas() throws {
        let home = Home()
        _ = home.admin("init")
        let away = "\(home.path)-away"
        try FileManager.default.moveItem(atPath: home.path, toPath: away)
        defer { try? FileManager.default.removeItem(atPath: away) }
        for command in [["doctor"], ["user", "list"], ["settings"], ["purge"], ["backup", "/tmp/none.tar"]] {
            let (code, _, errors) = latchkey(command, ["LATCHKEY_HOME": home.path])
            #expect(code != 0)
            #expect(errors.contains("the state of this installation is missing from \(home.path)"), "\(command): \(errors)")
            #expect(!FileManager.default.fileExists(atPath: home.path))
            let never = latchkey(command, ["LATCHKEY_HOME": "\(home.path)-never"]).2
            #expect(never.contains("\(home.path)-never does not exist; latchkey init creates it"), "\(command): \(never)")
        }
        mkdir(home.path, 0o700)
        #expect(latchkey(["doctor"], ["LATCHKEY_HOME": home.path]).2.contains("is missing from \(home.path)"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.path) == [])
    }
}
