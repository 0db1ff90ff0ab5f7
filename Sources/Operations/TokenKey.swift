// A key that signs access tokens, as an operator sees it.

package import Platform

/// A key for access tokens.
package struct TokenKey {
    /// The `kid` of its tokens.
    package let id: String
    /// When its file was last written.
    package let madeAt: Timestamp
    /// When its tokens stop working; nil for the signing key.
    package let goodUntil: Timestamp?
}
