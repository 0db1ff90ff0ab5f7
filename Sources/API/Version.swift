// The version of this release, which /health and `latchkey --version` report.

/// The version of this release (semver.org): the same as in the file VERSION, which names the package. A test compares the two.
package let releasedVersion: StaticString = "1.0.0"
