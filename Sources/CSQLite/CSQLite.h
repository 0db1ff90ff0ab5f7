// SQLite's C interface, and shims for what Swift cannot call: variadic functions
// and the two destructor constants that are casts.

#ifndef LATCHKEY_CSQLITE_H
#define LATCHKEY_CSQLITE_H

#include <errno.h>
#include <sqlite3.h>

static inline int csqlite_db_config(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}

// SQLite copies the value before the call returns.
static inline sqlite3_destructor_type csqlite_transient(void) { return SQLITE_TRANSIENT; }

#endif
