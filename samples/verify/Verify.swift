// Verifies an access token with only the key set: swift run verify http://localhost:8000 TOKEN
// Prints its `sub`, or prints the reason and exits with 1. To verify many tokens, keep the key set for five minutes.

import Crypto
import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

struct KeySet: Decodable {
    let keys: [Key]
    struct Key: Decodable { let kid, kty, crv, x, y: String }
}
struct Header: Decodable { let alg, typ, kid: String }
struct Claims: Decodable {
    let iss, sub, email: String
    let exp: Date
}
struct Refusal: Error { let reason: String }

/// Seconds by which the two machines' clocks may differ.
let leeway: TimeInterval = 30

/// The claims of `token`, if one of `keys` signed it for `issuer` and it has not expired.
func claims(of token: String, by keys: [KeySet.Key], for issuer: String) throws -> Claims {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw Refusal(reason: "no token") }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .secondsSince1970
    let header = try decoder.decode(Header.self, from: bytes(parts[0]))
    // Accept one algorithm, whatever the token says, and never a key from its header: the sender chose both.
    guard header.alg == "ES256", header.typ == "JWT" else { throw Refusal(reason: "another kind of token") }
    guard let key = keys.first(where: { $0.kid == header.kid && $0.kty == "EC" && $0.crv == "P-256" })
    else { throw Refusal(reason: "an unknown key") }
    let publicKey = try P256.Signing.PublicKey(rawRepresentation: bytes(key.x) + bytes(key.y))
    let signature = try P256.Signing.ECDSASignature(rawRepresentation: bytes(parts[2]))  // r || s
    guard publicKey.isValidSignature(signature, for: Data("\(parts[0]).\(parts[1])".utf8))
    else { throw Refusal(reason: "a wrong signature") }
    let claims = try decoder.decode(Claims.self, from: bytes(parts[1]))
    guard claims.iss == issuer else { throw Refusal(reason: "another issuer") }
    guard Date.now < claims.exp + leeway else { throw Refusal(reason: "expired") }
    return claims
}

/// The bytes that base64url `text` encodes.
func bytes(_ text: some StringProtocol) throws -> Data {
    let standard = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    let padding = String(repeating: "=", count: (4 - standard.count % 4) % 4)
    guard let bytes = Data(base64Encoded: standard + padding) else { throw Refusal(reason: "no base64url") }
    return bytes
}

@main struct Verify {
    static func main() async {
        do {
            let arguments = CommandLine.arguments
            guard arguments.count == 3, let url = URL(string: arguments[1] + "/.well-known/jwks.json")
            else { throw Refusal(reason: "usage: verify BASE-URL TOKEN") }
            let (body, answer) = try await URLSession.shared.data(for: URLRequest(url: url, timeoutInterval: 5))
            guard (answer as? HTTPURLResponse)?.statusCode == 200 else { throw Refusal(reason: "no key set") }
            let keys = try JSONDecoder().decode(KeySet.self, from: body).keys
            print(try claims(of: arguments[2], by: keys, for: arguments[1]).sub)
        } catch {
            FileHandle.standardError.write(Data("not verified: \(error)\n".utf8))
            exit(1)
        }
    }
}
