// Checks for the operator's doctor, which change nothing.

package import Auth
import Cryptography
package import Platform
package import Store

extension StateFolder {
    /// The names in the folder that matter.
    package static let names = ["latchkey.db", "secret.key", "keys", "latchkey.conf", "mail", "latchkey.log"]

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
