// The doctor's check of the signing key, which is in the database.

package import Auth
import Cryptography
import Store

extension Operations {
    /// The id of the current signing key; nil if it cannot be read.
    package func signingKeyID() -> String? { (try? examineSigningKey()) ?? nil }

    /// The id of the current signing key of access tokens; nil if there is none yet. Throws if it is damaged.
    package func examineSigningKey() throws(AuthError) -> String? {
        for file in try auth.tokenKeyRing().files() where file.end == nil {
            guard let signature = file.key.sign([0]), file.key.publicKey.verifies(signature, of: [0]) else {
                throw .failure(reason: "the token key \(file.id) in the database is damaged")
            }
            return file.id
        }
        return nil
    }
}
