// Login codes: the truncation of RFC 4226 on the hash of RFC 6238.

import Cryptography
import Platform
import Testing

@Suite struct LoginCodeTests {
    // RFC 4226 appendix D: HMAC-SHA-1 of the counters 0…9, and the codes.
    @Test func truncationOfTheRFCsTable() {
        for (tag, number, code) in [
            ("cc93cf18508d94934c64b65d8ba7667fb7cde4b0", 1_284_755_224, "755224"),
            ("75a48a19d4cbe100644e8ac1397eea747a2d33ab", 1_094_287_082, "287082"),
            ("0bacb7fa082fef30782211938bc1c5e70416ff44", 137_359_152, "359152"),
            ("66c28227d03a2d5529262ff016a1e6ef76557ece", 1_726_969_429, "969429"),
            ("a904c900a64b35909874b33e61c5938a8e15ed1c", 1_640_338_314, "338314"),
            ("a37e783d7b7233c083d4f62926c7a25f238d0316", 868_254_676, "254676"),
            ("bc9cd28561042c83f219324d3c607256c03272ae", 1_918_287_922, "287922"),
            ("a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", 82_162_583, "162583"),
            ("1b3c89f65e6c9e883012052823443f048b4332db", 673_399_871, "399871"),
            ("1637409809a679dc698207310c8c7fc07290d9e5", 645_520_489, "520489"),
        ] {
            #expect(LoginCode.truncate(bytes(tag)) == UInt32(number))
            #expect(LoginCode.text(of: UInt32(number), digits: 6) == Array(code.utf8))
        }
    }

    // RFC 6238 appendix B, SHA-256.
    @Test func codesOfTheRFCsTable() {
        let key = Array("12345678901234567890123456789012".utf8)
        for (counter, code) in [
            (UInt64(1), "46119246"), (0x23523EC, "68084774"), (0x23523ED, "67062674"),
            (0x273EF07, "91819424"), (0x3F940AA, "90698825"), (0x27BC_86AA, "77737706"),
        ] {
            let message = (0..<8).map { UInt8(truncatingIfNeeded: counter >> (56 - $0 * 8)) }
            let number = LoginCode.truncate(HMAC.sha256(key: key, message))
            #expect(LoginCode.text(of: number, digits: 8) == Array(code.utf8))
        }
    }

    @Test func leadingZerosSurvive() {
        #expect(LoginCode.text(of: 42, digits: 6) == Array("000042".utf8))
    }

    @Test func theCodeDependsOnKeyChallengeAndAddress() {
        let (key, id) = ([UInt8](repeating: 7, count: 32), UUID.random())
        let code = LoginCode.derive(key: key, challenge: id, address: "a@b.co", digits: 8)
        #expect(LoginCode.derive(key: key, challenge: id, address: "a@b.co", digits: 8) == code)
        #expect(LoginCode.derive(key: key, challenge: id, address: "a@b.com", digits: 8) != code)
        #expect(LoginCode.derive(key: key, challenge: .random(), address: "a@b.co", digits: 8) != code)
        #expect(LoginCode.derive(key: [1], challenge: id, address: "a@b.co", digits: 8) != code)
    }

    /// A chi-squared bound: a fair last digit exceeds it once in a million runs.
    @Test func digitsAreSpreadEvenly() {
        var counts = [Double](repeating: 0, count: 10)
        for _ in 0..<5000 {
            let code = LoginCode.derive(key: [1], challenge: .random(), address: "a@b.co", digits: 6)
            counts[Int(code[0] - 48)] += 1
        }
        #expect(counts.map { ($0 - 500) * ($0 - 500) / 500 }.reduce(0, +) < 50)
    }
}
