// Limits Argon2: only so many processes hash a code at once. Each has its memory, and room on the disk for what
// follows, before anything is counted. So a stampede does not exhaust the machine, and neither it nor a full disk
// costs anyone an attempt.

import Cryptography
import Platform
import Store

extension Auth {
    /// Runs `body` with memory to hash one code, once a slot is free.
    ///
    /// Throws `unavailable` if no slot becomes free within `Policy.slotWait`, or if memory or disk is short.
    func withHashing<T>(
        _ body: (Argon2Memory) throws(AuthError) -> T
    ) throws(AuthError) -> T {
        endReading()
        let slots = policy.argon2Slots ?? Int64(Environment.coreCount)
        let slot: SlotLock?
        do throws(SystemError) {
            guard try File.freeSpace(at: state.path) >= Policy.roomToSignIn else {
                throw SystemError.full(state.path)
            }
            slot = try SlotLock(
                waitingFor: state.hashingLockPath, slots: Int(slots), atMost: Policy.slotWait)
        } catch {
            throw AuthError(error)
        }
        guard let slot else { throw .unavailable(reason: "all Argon2 slots are in use") }
        // A hash keeps a core busy for 30 ms, enough time for many short requests.
        Environment.giveWay()
        guard let memory = Argon2Memory(for: Policy.codeCost) else { throw AuthError(.outOfMemory) }
        return try withExtendedLifetime(slot) { () throws(AuthError) in try body(memory) }
    }
}
