// Parts of SQLite that Latchkey does not use, and so does not link: full-text search, R-trees, loadable extensions, and
// the trigonometric functions of SQL. They are a fifth of an executable, and every connection would register them.
//
// SQLite calls each part through one function. These definitions replace them, so the linker omits the part. This relies on
// Debian's libsqlite3.a, which has one object per source file. The ordinary build links SQLite as a shared library and has
// none of this.

#if hasFeature(Embedded)

/// Full-text search (sqlite.org/fts3.html, sqlite.org/fts5.html) and R-trees (sqlite.org/rtree.html): each would register a
/// virtual table and answer with `SQLITE_OK`.
@_cdecl("sqlite3Fts3Init") func registerNoFTS3(_: OpaquePointer?) -> CInt { 0 }
@_cdecl("sqlite3Fts5Init") func registerNoFTS5(_: OpaquePointer?) -> CInt { 0 }
@_cdecl("sqlite3RtreeInit") func registerNoRTree(_: OpaquePointer?) -> CInt { 0 }

/// Loadable extensions (sqlite.org/loadext.html): none is loaded or unloaded automatically, and loading one fails.
@_cdecl("sqlite3AutoLoadExtensions") func loadNoExtensions(_: OpaquePointer?) {}
@_cdecl("sqlite3CloseExtensions") func closeNoExtensions(_: OpaquePointer?) {}
@_cdecl("sqlite3_reset_auto_extension") func forgetNoExtensions() {}
@_cdecl("sqlite3_load_extension")
func refuseExtension(
    _: OpaquePointer?, _: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?, _: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt { 1 }

/// SQL's trigonometric functions (sqlite.org/lang_mathfunc.html): not a number, which SQLite returns as NULL.
@_cdecl("acos") func noArcCosine(_: Double) -> Double { .nan }
@_cdecl("acosh") func noHyperbolicArcCosine(_: Double) -> Double { .nan }
@_cdecl("asin") func noArcSine(_: Double) -> Double { .nan }
@_cdecl("asinh") func noHyperbolicArcSine(_: Double) -> Double { .nan }
@_cdecl("atan") func noArcTangent(_: Double) -> Double { .nan }
@_cdecl("atan2") func noArcTangent2(_: Double, _: Double) -> Double { .nan }
@_cdecl("atanh") func noHyperbolicArcTangent(_: Double) -> Double { .nan }
@_cdecl("cos") func noCosine(_: Double) -> Double { .nan }
@_cdecl("cosh") func noHyperbolicCosine(_: Double) -> Double { .nan }
@_cdecl("sin") func noSine(_: Double) -> Double { .nan }
@_cdecl("sinh") func noHyperbolicSine(_: Double) -> Double { .nan }
@_cdecl("tan") func noTangent(_: Double) -> Double { .nan }
@_cdecl("tanh") func noHyperbolicTangent(_: Double) -> Double { .nan }

#endif
