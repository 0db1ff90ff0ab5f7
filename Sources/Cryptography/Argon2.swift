// Argon2id (RFC 9106), stored as PHC strings: `$argon2id$v=19$m=…,t=…,p=1$salt$tag`.
//
// The string contains the cost, so it can be raised later without a migration. It does not contain the pepper: a
// thief who has only the database cannot even begin to guess.

import CArgon2
import Platform

/// The cost of a hash.
package struct Argon2Cost: Equatable, Sendable {
    /// In KiB.
    package let memory: UInt32
    /// Passes over the memory: t in RFC 9106 §3.1, at least 1.
    package let passes: UInt32

    /// `memory` in KiB, at least 8 for each lane (RFC 9106 §3.1).
    package init(memory: UInt32, passes: UInt32) {
        self.memory = memory
        self.passes = passes
    }
}

/// Why a hash could not be computed.
package enum Argon2Error: Error {
    /// No memory now. This says nothing about the secret.
    case outOfMemory
    /// Not a string that `hash` writes, or not with its parameters.
    case malformed
}

/// Memory for one hash, allocated before anyone knows whether it is needed: after that, hashing cannot fail for lack
/// of memory.
package final class Argon2Memory {
    fileprivate let start: UnsafeMutableRawPointer
    fileprivate let size: Int

    /// The memory that `cost` needs; nil if the system does not provide it.
    package init?(for cost: Argon2Cost) {
        size = Int(cost.memory) * 1024
        guard let start = cargon2_allocate(size) else { return nil }
        self.start = start
    }

    deinit {
        cargon2_free(start, size)
    }
}

/// Hashes of stored secrets.
package enum Argon2 {
    /// Bytes of salt and tag: RFC 9106 §3.1 recommends 16 for the salt, and §4 allows 32 for the tag.
    private static let saltSize = 16
    fileprivate static let tagSize = 32
    /// The highest cost of a stored hash, so that a damaged one cannot exhaust the machine: 64 MiB.
    fileprivate static let highestCost = Argon2Cost(memory: 65536, passes: 16)

    /// The PHC string of `secret`, with its own salt; computed in `memory`, if given.
    package static func hash(
        _ secret: [UInt8], cost: Argon2Cost, pepper: [UInt8] = [], in memory: Argon2Memory? = nil
    ) throws(Argon2Error) -> String {
        let salt = Random.bytes(saltSize)
        let tag = try tag(secret, salt: salt, cost: cost, pepper: pepper, in: memory)
        return "$argon2id$v=19$m=\(cost.memory),t=\(cost.passes),p=1"
            + "$\(Base64.standard.encode(salt))$\(Base64.standard.encode(tag))"
    }

    /// Whether `hash` was made from `secret`; computed in `memory`, if given.
    package static func verify(
        _ secret: [UInt8], against hash: String, pepper: [UInt8] = [], in memory: Argon2Memory? = nil
    ) throws(Argon2Error) -> Bool {
        let stored = try PHCString(hash)
        let tag = try tag(secret, salt: stored.salt, cost: stored.cost, pepper: pepper, in: memory)
        return equalInConstantTime(tag, stored.tag)
    }

    /// The cost of `hash`; nil if it is not a PHC string of Argon2id with one lane.
    package static func cost(of hash: String) -> Argon2Cost? {
        do throws(Argon2Error) {
            return try PHCString(hash).cost
        } catch {
            return nil
        }
    }

    /// The raw tag, of `size` bytes; `data` is RFC 9106's associated data X.
    package static func tag(
        _ secret: [UInt8], salt: [UInt8], cost: Argon2Cost, lanes: UInt32 = 1,
        pepper: [UInt8] = [], data: [UInt8] = [], size: Int = tagSize, in memory: Argon2Memory? = nil
    ) throws(Argon2Error) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: size)
        var (secret, salt, pepper, data) = (secret, salt, pepper, data)
        let code = tag.withUnsafeMutableBufferPointer { tag in
            secret.withUnsafeMutableBufferPointer { secret in
                salt.withUnsafeMutableBufferPointer { salt in
                    pepper.withUnsafeMutableBufferPointer { pepper in
                        data.withUnsafeMutableBufferPointer { data in
                            var context = argon2_context(
                                out: tag.baseAddress, outlen: UInt32(tag.count),
                                pwd: secret.baseAddress, pwdlen: UInt32(secret.count),
                                salt: salt.baseAddress, saltlen: UInt32(salt.count),
                                secret: pepper.baseAddress, secretlen: UInt32(pepper.count),
                                ad: data.baseAddress, adlen: UInt32(data.count),
                                t_cost: cost.passes, m_cost: cost.memory,
                                lanes: lanes, threads: 1,
                                version: UInt32(ARGON2_VERSION_13.rawValue),
                                allocate_cbk: nil, free_cbk: nil, flags: 0)
                            guard let memory else { return argon2_ctx(&context, Argon2_id) }
                            return cargon2_id_in(&context, memory.start, memory.size)
                        }
                    }
                }
            }
        }
        if code == ARGON2_MEMORY_ALLOCATION_ERROR.rawValue { throw .outOfMemory }
        guard code == ARGON2_OK.rawValue else { throw .malformed }
        return tag
    }
}

/// The parts of a PHC string that this code wrote.
private struct PHCString {
    let cost: Argon2Cost
    let salt: [UInt8]
    let tag: [UInt8]

    init(_ text: String) throws(Argon2Error) {
        let parts = text.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty,
            parts[1].elementsEqual("argon2id".utf8), parts[2].elementsEqual("v=19".utf8),
            let salt = Base64.standard.decode(parts[4]), 8...64 ~= salt.count,
            let tag = Base64.standard.decode(parts[5]), tag.count == Argon2.tagSize
        else { throw .malformed }
        let numbers = parts[3].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard numbers.count == 3,
            let memory = PHCString.number(numbers[0], "m="),
            let passes = PHCString.number(numbers[1], "t="),
            memory <= Argon2.highestCost.memory, passes <= Argon2.highestCost.passes,
            PHCString.number(numbers[2], "p=") == 1
        else { throw .malformed }
        cost = Argon2Cost(memory: memory, passes: passes)
        self.salt = salt
        self.tag = tag
    }

    private static func number(_ text: Substring.UTF8View, _ name: String) -> UInt32? {
        guard text.starts(with: name.utf8) else { return nil }
        let digits = text.dropFirst(2)
        guard digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return UInt32(String(Substring(digits)))
    }
}
