// SQLite's C interface, and shims for what Swift cannot call: variadic functions
// and the two destructor constants that are casts.

#ifndef LATCHKEY_CSQLITE_H
#define LATCHKEY_CSQLITE_H

#include <errno.h>
#include <sqlite3.h>

static inline int csqlite_db_config(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}

// Has SQLite lock nothing, count nothing, and reserve no memory in advance, in this process. To be called before
// anything else of SQLite's, in a process of one thread (sqlite.org/c3ref/c_config_covering_index_scan.html).
static inline void csqlite_configure_for_one_thread(void) {
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, (void *)0, 0, 0);
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
}

// SQLite copies the value before the call returns.
static inline sqlite3_destructor_type csqlite_transient(void) { return SQLITE_TRANSIENT; }

// `errno` of the call that failed, as the database's file or its journal (or WAL) kept it: what
// sqlite3_system_errno tells is often that of a later call.
static inline int csqlite_file_errno(sqlite3 *database) {
    int number = 0;
    sqlite3_file *journal = 0;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
    if (number == 0
        && sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal) == SQLITE_OK
        && journal && journal->pMethods)
        journal->pMethods->xFileControl(journal, SQLITE_FCNTL_LAST_ERRNO, &number);
    return number;
}

#endif
