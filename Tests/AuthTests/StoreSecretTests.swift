// Which secret a store in PostgreSQL belongs to. Every machine has the same one.

#if POSTGRESQL
import Dispatch
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite final class StoreSecretTests {
    private let path = temporaryPath()
    private let other = temporaryPath()

    deinit {
        TestDatabase.remove(of: path)
        removeFolder(path)
        removeFolder(other)
    }

    /// Opens the store of `path` as a machine with the state folder `folder` does.
    private func open(_ folder: String, _ making: StateFolder.Making = .always) -> String {
        do {
            let address = TestDatabase.address(of: path)
            let state = try StateFolder(at: folder, making: making)
            _ = try Auth(policy: Policy(), store: DatabaseLocation(state, address: address), client: someone).database()
            return "opened"
        } catch let error as AuthError {
            return error.reason
        } catch {
            return "\(error)"
        }
    }

    @Test func manyFirstUsesMakeOneSecretThatIsPrivate() async throws {
        let (path, address) = (path, TestDatabase.address(of: path))
        let opened = await together(12) {
            refusal {
                let state = try StateFolder(at: path)
                return try Auth(policy: Policy(), store: DatabaseLocation(state, address: address), client: someone).database()
            }
        }
        #expect(opened == [String](repeating: "none", count: 12))
        #expect(try File.status("\(path)/secret.key")?.permissions == 0o600)
        #expect(try File.status("\(path)/secret.key")?.size == 32)
        #expect(files(in: path).filter { $0 != ".htaccess" } == ["secret.key"])
    }

    @Test func anotherMachineNeedsTheSameSecretAndMakesNone() throws {
        #expect(open(path) == "opened")
        #expect(open(other).contains("secret.key is missing, but the database has one: copy that of another machine"))
        #expect(try File.status("\(other)/secret.key") == nil)
        try File.create("\(other)/secret.key", [UInt8](repeating: 1, count: 32))
        #expect(open(other).contains("secret.key differs from the secret that the database belongs to"))
        File.remove("\(other)/secret.key")
        try File.create("\(other)/secret.key", try File.read("\(path)/secret.key", limit: 33))
        #expect(open(other) == "opened")
    }

    @Test func aSecretThatIsMissingIsNotReplaced() throws {
        #expect(open(path) == "opened")
        File.remove("\(path)/secret.key")
        #expect(open(path).contains("secret.key is missing, but the database has one"))
        #expect(try File.status("\(path)/secret.key") == nil)
    }

    @Test func tablesThatAreGoneAreNotMadeAnewByARequest() throws {
        #expect(open(path, .ifNew) == "opened")
        try TestDatabase.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public", in: path)
        #expect(open(path, .ifNew).contains("the state of this installation is missing from the database"))
        #expect(open(path, .never).contains("the database has no tables of Latchkey"))
    }

    @Test func whatTheFirstRequestAsksForTheSecretMakesIt() throws {
        let state = try StateFolder(at: path)
        let auth = Auth(policy: Policy(), store: TestDatabase.location(of: state), client: someone)
        #expect(refusal { try auth.revokeToken("none") } == "none")
        #expect(try File.status("\(path)/secret.key")?.size == 32)
    }
}
#endif
