// SQLite's C interface, and shims for what Swift cannot call: variadic functions
// and the two destructor constants that are casts.

#ifndef LATCHKEY_CSQLITE_H
#define LATCHKEY_CSQLITE_H

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/statvfs.h>

static inline int csqlite_db_config(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}

// Turns off SQLite's locks between threads, its statistics, and preallocated memory, in this process. Call it before
// anything else of SQLite, in a process with one thread (sqlite.org/c3ref/c_config_covering_index_scan.html).
static inline void csqlite_configure_for_one_thread(void) {
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, (void *)0, 0, 0);
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
}

// SQLite copies the value before the call returns.
static inline sqlite3_destructor_type csqlite_transient(void) { return SQLITE_TRANSIENT; }

// `errno` of the failed call, as the file of the database or its journal (or WAL) kept it: the one from
// sqlite3_system_errno is often a later call's.
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

// Whether no file can be created beside the database's: the file system has no inode or block left for this user, or is
// read-only.
static inline int csqlite_is_full(sqlite3 *database) {
    const char *path = sqlite3_db_filename(database, "main");
    char folder[4096];
    struct statvfs status;
    if (!path || !*path || strlen(path) >= sizeof folder) return 0;
    strcpy(folder, path);
    char *slash = strrchr(folder, '/');
    if (!slash) return 0;
    slash[slash == folder] = 0;
    if (statvfs(folder, &status) != 0) return 0;
    return (status.f_files > 0 && status.f_favail == 0) || status.f_bavail == 0 || (status.f_flag & ST_RDONLY);
}

#endif
