// Checks for the operator's doctor, which change nothing.

package import Auth
import Cryptography
package import Platform
package import Store

extension StateFolder {
    /// The names in the folder that matter.
    package static let names = ["latchkey.db", "secret.key", "keys", "latchkey.conf", "mail", "latchkey.log"]

    /// The id of the current signing key of access tokens.
    ///
    /// Throws if it is missing or damaged, or if its tokens are not accepted.
    package func examineSigningKey() throws(StateFault) -> String {
        do throws(SystemError) {
            let id = String(decoding: try File.read("\(keysPath)/current", limit: 43), as: UTF8.self)
            let path = keyPath(id)
            guard let key = ES256PrivateKey(bytes: try File.read(path, limit: 97)),
                key.publicKey.id.isSame(as: id)
            else { throw SystemError.damaged(path) }
            guard let signature = key.sign([0]), key.publicKey.verifies(signature, of: [0]) else {
                throw SystemError.damaged(path)
            }
            return id
        } catch {
            throw StateFault(reason: error.description)
        }
    }

    /// Throws if the secret is missing or damaged.
    package func examineSecret() throws(StateFault) {
        do throws(SystemError) {
            guard try File.read(secretPath, limit: 33).count == 32 else {
                throw SystemError.damaged(secretPath)
            }
        } catch {
            throw StateFault(reason: error.description)
        }
    }

    /// Examines the database; every page and every reference if `isDeep`.
    package func examineDatabase(isDeep: Bool) throws(AuthError) -> DatabaseExamination {
        try DatabaseExamination(ofFile: databasePath, isDeep: isDeep)
    }
}

extension Operations {
    /// The KiB that hashing one code needs.
    package static var hashingMemory: Int64 { Int64(Policy.codeCost.memory) }

    /// How long hashing one code takes now; nil if there is no memory for it.
    package static func timeOfHashing() -> Duration? {
        let start = Machine.uptime
        guard let memory = Argon2Memory(for: Policy.codeCost) else { return nil }
        do throws(Argon2Error) {
            _ = try Argon2.hash(Array("000000".utf8), cost: Policy.codeCost, in: memory)
        } catch {
            return nil
        }
        return Machine.uptime - start
    }

    /// A refresh token of a session that never existed. The service of this state refuses it and records that in the
    /// audit log; any other service sees a forgery.
    package func refreshTokenOfNobody() throws(AuthError) -> String {
        RefreshToken(session: UUID.random(), generation: 0).text(key: try auth.secrets().refreshTokenKey)
    }
}
