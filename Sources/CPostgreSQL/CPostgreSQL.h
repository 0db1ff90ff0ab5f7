// libpq's C interface, and shims for macros that Swift does not import.

#ifndef LATCHKEY_CPOSTGRESQL_H
#define LATCHKEY_CPOSTGRESQL_H

#include <postgresql/libpq-fe.h>

// The five characters of the error's SQLSTATE; NULL for an error of libpq's own
// (postgresql.org/docs/current/libpq-exec.html#LIBPQ-PQRESULTERRORFIELD).
static inline const char *cpostgresql_state(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

// The error's first sentence. Unlike its detail, it does not repeat the values of a row.
static inline const char *cpostgresql_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

// ERROR, WARNING, NOTICE …, in English whatever the server's language.
static inline const char *cpostgresql_severity(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
}

#endif
