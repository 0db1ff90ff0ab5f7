// commits FILE SECONDS — durable SQLite commits per second on this machine, each changing one row.
//
// The upper limit for every writing endpoint: one connection, opened once, WAL, synchronous=FULL. Prints the number.

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    sqlite3 *database;
    sqlite3_stmt *statement;
    double length = argc == 3 ? atof(argv[2]) : 0;
    if (length <= 0) {
        fprintf(stderr, "usage: commits FILE SECONDS\n");
        return 2;
    }
    if (sqlite3_open(argv[1], &database) != SQLITE_OK
        || sqlite3_exec(database,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, value INTEGER);"
            "INSERT OR IGNORE INTO rows VALUES (1, 0)", NULL, NULL, NULL) != SQLITE_OK
        || sqlite3_prepare_v2(database, "UPDATE rows SET value = value + 1 WHERE id = 1", -1, &statement, NULL)
            != SQLITE_OK) {
        fprintf(stderr, "%s\n", sqlite3_errmsg(database));
        return 1;
    }
    double start = seconds();
    long count = 0;
    for (; seconds() - start < length; count++) {
        if (sqlite3_step(statement) != SQLITE_DONE) return 1;
        sqlite3_reset(statement);
    }
    printf("%.0f\n", count / (seconds() - start));
}
