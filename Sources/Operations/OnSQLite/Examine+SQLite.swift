// The doctor's checks of the files that only this store has.

import Cryptography
import Platform
package import Store

extension StateFolder {
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

    /// Examines the database; every page and every reference if `isDeep`.
    package func examineDatabase(isDeep: Bool) throws(AuthError) -> DatabaseExamination {
        try DatabaseExamination(ofFile: databasePath, isDeep: isDeep)
    }
}

extension Operations {
    /// The id of the current signing key; nil if it cannot be read.
    package func signingKeyID() -> String? { try? state.examineSigningKey() }
}
