// The state folder: where it may be, who may read it, and what is made in it.

import Cryptography
import Dispatch
import Glibc
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

private func reason(_ body: () throws(StateFault) -> Void) -> String? {
    do throws(StateFault) {
        try body()
        return nil
    } catch {
        return error.reason
    }
}

@Suite final class StateFolderTests {
    private let path = temporaryPath()

    deinit { removeFolder(path) }

    @Test func marksThatAreNotedAtOneMomentAllStay() throws {
        mkdir(path, 0o700)
        let path = path
        let place = "\(path)/.latchkey-states"
        DispatchQueue.concurrentPerform(iterations: 24) { number in _ = StateMark(of: "\(path)/home\(number)").note(in: [place]) }
        let missing = (0..<24).filter { StateMark(of: "\(path)/home\($0)").place(among: [place]) == nil }
        #expect(missing == [])
        #expect(files(in: path) == [".latchkey-states"])
    }

    private func reasonToRefuse(_ path: String) -> String? {
        reason { () throws(StateFault) in _ = try StateFolder(at: path) }
    }

    private func folder(_ name: String, mode: UInt32 = 0o700) -> String {
        let folder = "\(path)/\(name)"
        mkdir(path, 0o700)
        mkdir(folder, mode)
        chmod(folder, mode)
        return folder
    }

    @Test func aNewFolderIsTheOwnersAloneAndDeniesItselfToTheWeb() throws {
        let state = try StateFolder(at: "\(path)/a/b")
        for folder in [path, "\(path)/a", "\(path)/a/b"] {
            #expect(try File.status(folder)?.permissions == 0o700)
        }
        #expect(try text(of: "\(path)/a/b/.htaccess") == "Require all denied\n")
        #expect(state.path == (try File.resolve("\(path)/a/b")))
    }

    @Test func aFolderThatIsThereIsLeftAsItIs() throws {
        _ = try StateFolder(at: folder("mine"))
        #expect(files(in: "\(path)/mine") == [])
    }

    @Test(arguments: [0o755, 0o750, 0o701, 0o770, 0o710] as [UInt32]) func aFolderOpenToOthersIsRefused(mode: UInt32) {
        #expect(reasonToRefuse(folder("open", mode: mode))?.contains("; run chmod 700 on it") == true)
    }

    @Test func whatIsNoFolderIsRefused() throws {
        mkdir(path, 0o700)
        try File.create("\(path)/file", [])
        #expect(reasonToRefuse("\(path)/file")?.hasSuffix("is not a folder") == true)
        #expect(reasonToRefuse("\(path)/file/below") != nil)
        #expect(reasonToRefuse("/proc/self/latchkey") != nil)
    }

    @Test func aFolderInTheWebRootIsRefused() throws {
        let state = try StateFolder(at: folder("var"))
        func refuses(_ root: String?) -> Bool {
            reason { () throws(StateFault) in try state.refuseWebRoot(documentRoot: root) } != nil
        }
        for root in [state.path, "\(state.path)/", path, "\(path)/../\(path.split(separator: "/").last!)", "/tmp", "/"] {
            #expect(refuses(root), "\(root)")
        }
        for root in [nil, "\(path)/va", "/nonexistent", "/usr", folder("other"), folder("va")] {
            #expect(!refuses(root), "\(root ?? "none")")
        }
        symlink(path, "\(path)/link")
        #expect(refuses("\(path)/link"))
    }

    @Test(arguments: ["public_html", "www", "htdocs"]) func aFolderBelowOneThatIsServedIsRefused(name: String) throws {
        mkdir(path, 0o700)
        let state = try StateFolder(at: "\(path)/\(name)/var")
        let fault = reason { () throws(StateFault) in try state.refuseWebRoot(documentRoot: nil) }
        #expect(fault?.contains("is in a folder called \(name),") == true)
        #expect(fault?.hasSuffix("; move it, or set allow_state_in_web_root = yes") == true)
        let near = try StateFolder(at: "\(path)/\(name)2/var")
        #expect(reason { () throws(StateFault) in try near.refuseWebRoot(documentRoot: nil) } == nil)
    }

    @Test func aLinkIntoTheWebRootDeceivesNobody() throws {
        let inside = folder("www")
        symlink(inside, "\(path)/var")
        let state = try StateFolder(at: "\(path)/var")
        #expect(reason { () throws(StateFault) in try state.refuseWebRoot(documentRoot: nil) } != nil)
    }

    @Test(.enabled(if: !isPostgreSQL, "PostgreSQL's store decides which secret is its own: StoreSecretTests"))
    func theSecretIsMadeOnceAndPrivate() throws {
        let state = try StateFolder(at: path)
        let secret = try state.secret()
        #expect(secret.count == 32 && secret != [UInt8](repeating: 0, count: 32))
        #expect(try StateFolder(at: path).secret() == secret)
        #expect(try File.status("\(path)/secret.key")?.permissions == 0o600)
        let key = try state.signingKey()
        #expect(try StateFolder(at: path).signingKey().bytes == key.bytes)
        #expect(try File.status("\(path)/keys")?.permissions == 0o700)
        #expect(try File.status("\(path)/keys/\(key.publicKey.id).key")?.permissions == 0o600)
        #expect(files(in: path) == [".htaccess", "keys", "secret.key"])
        #expect(files(in: "\(path)/keys") == ["\(key.publicKey.id).key", "current"].sorted())
    }

    @Test(.enabled(if: !isPostgreSQL, "PostgreSQL's store decides which secret is its own: StoreSecretTests"))
    func manyFirstUsesAgree() async throws {
        let path = path
        let seen = await together(12) {
            guard let state = try? StateFolder(at: path), let secret = try? state.secret(), let key = try? state.signingKey()
            else { return [UInt8]() }
            return secret + key.bytes
        }
        #expect(Set(seen).count == 1 && seen[0].count == 128)
        #expect(files(in: "\(path)/keys").count == 2)
        #expect(files(in: path) == [".htaccess", "keys", "secret.key"])
    }

    @Test(.enabled(if: !isPostgreSQL, "PostgreSQL's store decides which secret is its own: StoreSecretTests"))
    func aSecretMissingBesideADatabaseIsAnError() throws {
        let auth = Auth(policy: Policy(), store: TestDatabase.location(of: try StateFolder(at: path)), client: someone)
        _ = try auth.database()
        File.remove("\(path)/secret.key")
        let state = try StateFolder(at: path)
        do throws(AuthError) {
            _ = try state.secret()
            Issue.record("there is a secret")
        } catch {
            guard case .failure = error else { throw error }
            #expect(error.reason.hasSuffix("secret.key is missing, but there is a database: restore it from a backup"))
        }
        #expect(try File.status("\(path)/secret.key") == nil)
    }

    @Test(arguments: [0, 31, 33]) func aSecretOfAnotherSizeIsAnError(size: Int) throws {
        let state = try StateFolder(at: path)
        try File.create("\(path)/secret.key", [UInt8](repeating: 1, count: size))
        #expect(refusal { try state.secret() } == "failure")
    }

    @Test func onlyIDsOfOurKeysNameKeys() throws {
        let state = try StateFolder(at: path)
        let key = try state.signingKey().publicKey
        let now = Timestamp.now
        #expect(try state.tokenKey(key.id, at: now)?.publicKey == key)
        for id in ["", "current", "../secret", "..", "/etc/passwd", "é", String(repeating: "A", count: 43), key.id + "\0"] {
            #expect(try state.tokenKey(id, at: now) == nil, "\(id)")
        }
    }

    @Test(.enabled(if: !isPostgreSQL, "PostgreSQL's store decides which secret is its own: StoreSecretTests"))
    func whatNeedsStateMakesNone() throws {
        #expect(
            reason { () throws(StateFault) in _ = try StateFolder(at: path, making: .never) }?.contains("does not exist") == true)
        #expect(try File.status(path) == nil)
        let empty = try StateFolder(at: folder("empty"), making: .never)
        #expect(refusal { try empty.secret() } == "failure")
        #expect(files(in: empty.path) == [])
    }

    @Test func theMarkOfStateStandsInTheFirstPlaceThatCanBeWritten() throws {
        let home = folder("home")
        symlink(home, "\(path)/link")
        let mark = StateMark(of: "\(path)/link")
        let places = ["\(path)/none/.states", "\(folder("a"))/.states", "\(folder("b"))/.states"]
        #expect(mark.place(among: places) == nil)
        #expect(mark.note(in: places) == places[1])
        #expect(mark.note(in: places) == places[1])
        #expect(try text(of: places[1]) == "\(path)/link\n\(home)\n")
        #expect(files(in: "\(path)/a") == [".states"] && files(in: "\(path)/b") == [])
        // By either path, even when the folder is gone.
        rmdir(home)
        for name in ["\(path)/link", home] { #expect(StateMark(of: name).place(among: places) == places[1]) }
        for other in ["\(path)/home2", "\(path)/hom", path] { #expect(StateMark(of: other).place(among: places) == nil) }
        // Several installations share a list.
        #expect(StateMark(of: "\(path)/other").note(in: places) == places[1])
        #expect(StateMark(of: home).place(among: places) == places[1])
    }

    @Test func aListThatOthersMayWriteToCountsForNothing() throws {
        let mark = StateMark(of: "\(path)/home")
        let (first, second) = ("\(folder("a"))/.states", "\(folder("b"))/.states")
        _ = mark.note(in: [first])
        chmod(first, 0o622)
        #expect(mark.place(among: [first]) == nil)
        #expect(mark.note(in: [first, second]) == second)
        chmod(first, 0o644)
        #expect(mark.place(among: [first, second]) == first)
        // A symbolic link there is replaced, not followed.
        try File.create("\(path)/mine", Array("mine\n".utf8))
        let third = "\(folder("c"))/.states"
        symlink("\(path)/mine", third)
        #expect(mark.note(in: [third]) == third)
        #expect(try text(of: "\(path)/mine") == "mine\n" && !File.isLink(third))
    }

    @Test func theListHasABound() throws {
        let place = "\(folder("a"))/.states"
        for number in 0..<400 {
            _ = StateMark(of: "\(path)/\(String(repeating: "x", count: 100))\(number)").note(in: [place])
        }
        #expect(try File.status(place)!.size <= 32768 + 200)
        #expect(StateMark(of: "\(path)/\(String(repeating: "x", count: 100))399").place(among: [place]) == place)
    }

    @Test func aDamagedSigningKeyIsAnErrorAndNotReplaced() throws {
        let state = try StateFolder(at: path)
        let id = try state.signingKey().publicKey.id
        File.remove("\(path)/keys/\(id).key")
        try File.create("\(path)/keys/\(id).key", [UInt8](repeating: 1, count: 96))
        #expect(refusal { try state.signingKey() } == "failure")
        #expect(try text(of: "\(path)/keys/current") == id)
    }
}
