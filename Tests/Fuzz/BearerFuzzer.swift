// Tokens: only tokens that the key signed are accepted. The first byte chooses what is tried, since a fuzzer cannot
// guess a signature.

import Cryptography
import Platform

@Sendable func checkBearer(_ bytes: [UInt8]) {
    let rest = bytes.dropFirst()
    switch bytes.first {
    case UInt8(ascii: "t"): checkText(text(rest))
    case UInt8(ascii: "e"): checkText(text(edited(genuine, by: rest)))
    case UInt8(ascii: "c"): checkClaims(Array(rest))
    case UInt8(ascii: "h"): checkHeader(Array(rest))
    case UInt8(ascii: "r"): checkRefreshToken(text(rest))
    case UInt8(ascii: "f"): checkRefreshToken(text(edited(genuineRefreshToken.text(key: refreshKey), by: rest)))
    default: break
    }
}

/// RFC 6979 appendix A.2.5: x, Ux, Uy.
private let key = ES256PrivateKey(
    bytes: hexadecimal(
        """
        c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721
        60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
        7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299
        """))!

private let token = AccessToken(
    issuer: "http://localhost:8000", user: UUID([UInt8](repeating: 1, count: 16))!, issuedAt: Timestamp(seconds: 1000),
    expiresAt: Timestamp(seconds: 1900), id: UUID([UInt8](repeating: 2, count: 16))!,
    session: UUID([UInt8](repeating: 3, count: 16))!, email: "ada@example.com")

private let genuine = token.signed(by: key)!
private let refreshKey = [UInt8](repeating: 5, count: 32)
private let genuineRefreshToken = RefreshToken(session: UUID([UInt8](repeating: 3, count: 16))!, generation: 7)

private func read(_ text: String) -> AccessToken? {
    UnverifiedToken(text).flatMap { same($0.keyID, key.publicKey.id) && $0.isSigned(by: key.publicKey) ? $0.claims : nil }
}

/// The signed part: header and claims.
private func input(of text: String) -> [UInt8] {
    Array(text.utf8.prefix(text.utf8.count - text.utf8.reversed().prefix { $0 != UInt8(ascii: ".") }.count))
}

private func checkText(_ text: String) {
    must(read(genuine) == token, "the genuine token is accepted")
    guard let accepted = read(text) else { return }
    must(accepted == token && input(of: text) == input(of: genuine), "no forged token is accepted")
}

/// Claims that the key did sign: the values read are the values in the text.
private func checkClaims(_ claims: [UInt8]) {
    guard let accepted = read(signed(header: header, claims: claims)) else { return }
    for part in ["\"iss\":\"\(accepted.issuer)\"", "\"email\":\"\(accepted.email)\""] {
        must(text(claims).utf8.contains(part.utf8), "a claim is what was signed")
    }
    must(accepted.expiresAt.milliseconds >= 0 && accepted.issuedAt.milliseconds >= 0, "times do not overflow")
    let again = accepted.signed(by: key).flatMap(read)
    must(again == accepted, "claims that are read can be signed and read again")
}

private let header = Array("{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"\(key.publicKey.id)\"}".utf8)

private func checkHeader(_ bytes: [UInt8]) {
    let claims = Base64.url.decode(input(of: genuine).split(separator: UInt8(ascii: "."))[1])!
    let isRead = read(signed(header: bytes, claims: claims)) != nil
    must(isRead == (bytes == header), "one header is accepted: \(text(bytes))")
}

private func signed(header: [UInt8], claims: [UInt8]) -> String {
    let input = "\(Base64.url.encode(header)).\(Base64.url.encode(claims))"
    return "\(input).\(Base64.url.encode(key.sign(Array(input.utf8))!))"
}

private func checkRefreshToken(_ text: String) {
    must(
        RefreshToken(genuineRefreshToken.text(key: refreshKey), key: refreshKey) == genuineRefreshToken,
        "the genuine one is accepted")
    guard let accepted = RefreshToken(text, key: refreshKey) else { return }
    must(same(accepted.text(key: refreshKey), text), "a refresh token has one text")
    must(accepted == genuineRefreshToken, "no forged refresh token is accepted")
}

private func hexadecimal(_ digits: String) -> [UInt8] {
    let values = digits.compactMap(\.hexDigitValue)
    return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
}
