// What the C programs share that the Swift executables are measured against.
//
// 1. They do the same work in the same order, by the same libraries, and their answers are the same
//    byte for byte, but for the request's id. Benchmarks/compare.py refuses to measure if they are not.
// 2. They are written as C would be: buffers in place, no copies that are not needed.
// 3. Each stands for one endpoint. They make and migrate nothing, pass over settings that their
//    endpoints do not use, and explain no failure.
//
// RESIDENT is defined by the one that stays: it hands its answer to `deliver`, keeps its statements
// prepared, and remembers verified tokens.

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <sqlite3.h>

// The parts of SQLite that the Swift executables leave out (Sources/SQLite/LeftOut.swift) are left out here too.

int sqlite3Fts3Init(sqlite3 *database) { (void)database; return SQLITE_OK; }
int sqlite3Fts5Init(sqlite3 *database) { (void)database; return SQLITE_OK; }
int sqlite3RtreeInit(sqlite3 *database) { (void)database; return SQLITE_OK; }
void sqlite3AutoLoadExtensions(sqlite3 *database) { (void)database; }
void sqlite3CloseExtensions(sqlite3 *database) { (void)database; }
void sqlite3_reset_auto_extension(void) {}
int sqlite3_load_extension(sqlite3 *database, const char *file, const char *entry, char **message) {
    (void)database, (void)file, (void)entry, (void)message;
    return SQLITE_ERROR;
}

#define LENGTH(text) (sizeof(text) - 1)

enum { path_limit = 4096, token_limit = 4096, settings_limit = 65536, schema_version = SCHEMA_VERSION };

// The answer

static char request_id[37];
static bool is_head;

struct text {
    char *bytes;
    size_t count, capacity;
};

#ifndef RESIDENT
static char trap_answer[512];
static volatile size_t trap_answer_count;
#endif

static const char head_format[] =
    "Status: %s\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Request-Id: %s\r\n"
    "Content-Length: %zu\r\n\r\n";

static void add_bytes(struct text *text, const char *bytes, size_t count) {
    if (text->count + count > text->capacity) {
        text->capacity = (text->count + count) * 2 + 1024;
        text->bytes = realloc(text->bytes, text->capacity);
        if (!text->bytes) abort();
    }
    memcpy(text->bytes + text->count, bytes, count);
    text->count += count;
}

static void add(struct text *text, const char *string) { add_bytes(text, string, strlen(string)); }

#ifdef RESIDENT
static _Noreturn void deliver(const struct text *whole);
#else
// Servers end a process whose answer is complete, so nothing is left to do after the write.
static _Noreturn void deliver(const struct text *whole) {
    trap_answer_count = 0;
    for (size_t done = 0; done < whole->count;) {
        ssize_t count = write(STDOUT_FILENO, whole->bytes + done, whole->count - done);
        if (count < 0 && errno != EINTR) _exit(1);
        if (count > 0) done += count;
    }
    _exit(0);
}
#endif

static _Noreturn void answer(const char *status, const struct text *body) {
    char head[512];
    struct text whole = {0};
    add_bytes(&whole, head, snprintf(head, sizeof head, head_format, status, request_id, body->count));
    if (!is_head) add_bytes(&whole, body->bytes, body->count);
    deliver(&whole);
}

static _Noreturn void refuse(const char *status, const char *code) {
    struct text body = {0};
    add(&body, "{\"success\":false,\"data\":null,\"error\":{\"code\":\"");
    add(&body, code);
    add(&body, "\"}}");
    answer(status, &body);
}

static _Noreturn void refuse_token(void) { refuse("401 Unauthorized", "invalid_token"); }
static _Noreturn void fail(void) { refuse("500 Internal Server Error", "internal_error"); }

#ifndef RESIDENT
static void write_trap_answer(int signal_number) {
    (void)signal_number;
    if (trap_answer_count > 0 && write(STDOUT_FILENO, trap_answer, trap_answer_count) < 0) _exit(1);
    _exit(1);
}

static void answer_traps(void) {
    static char alternate_stack[16384];
    static const int traps[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    static const char body[] =
        "{\"success\":false,\"data\":null,\"error\":{\"code\":\"internal_error\"}}";
    int count = snprintf(trap_answer, sizeof trap_answer, head_format, "500 Internal Server Error",
                         request_id, LENGTH(body));
    memcpy(trap_answer + count, body, LENGTH(body));
    trap_answer_count = count + LENGTH(body);

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    sigaltstack(&(stack_t){.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack}, NULL);
    struct sigaction action = {.sa_handler = write_trap_answer,
                               .sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER};
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) sigaction(traps[i], &action, NULL);
}
#endif

// Forms of values

typedef uint8_t uuid[16];

static void uuid_text(const uint8_t *id, char text[37]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *text++ = '-';
        *text++ = digits[id[i] >> 4];
        *text++ = digits[id[i] & 15];
    }
    *text = 0;
}

static void new_request_id(void) {
    uuid id;
    for (size_t done = 0; done < sizeof id;) {
        ssize_t count = getrandom(id + done, sizeof id - done, 0);
        if (count < 0 && errno != EINTR) abort();
        if (count > 0) done += count;
    }
    id[6] = (id[6] & 0x0F) | 0x40;
    id[8] = (id[8] & 0x3F) | 0x80;
    uuid_text(id, request_id);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * INT64_C(1000) + time.tv_nsec / 1000000;
}

// By arithmetic, as gmtime would look for a time zone. Times in the database are after 1970.
static void add_time(struct text *text, int64_t milliseconds) {
    int64_t seconds = milliseconds / 1000, days = seconds / 86400, time = seconds % 86400;
    int64_t shifted = days + 719468, era = shifted / 146097, day_of_era = shifted % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    char buffer[64];
    snprintf(buffer, sizeof buffer, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
             (int)(year_of_era + era * 400 + (month <= 2)), (int)month, (int)day, (int)(time / 3600),
             (int)(time / 60 % 60), (int)(time % 60), (int)(milliseconds % 1000));
    add(text, buffer);
}

static void add_string(struct text *text, const char *string) {
    add(text, "\"");
    for (const char *c = string; *c; c++) {
        char escape[8];
        if (*c == '"' || *c == '\\') {
            add_bytes(text, (char[]){'\\', *c}, 2);
        } else if ((uint8_t)*c < 0x20 || *c == 0x7F) {
            add_bytes(text, escape, snprintf(escape, sizeof escape, "\\u%04x", *c));
        } else {
            add_bytes(text, c, 1);
        }
    }
    add(text, "\"");
}

// The state folder and the settings

static char home[path_limit];
static char base_url[1024] = "http://localhost:8000";
static char journal[8] = "wal";
static bool allow_state_in_web_root;

// The count of bytes read, of at most `limit`; -1 if there is no such file.
static ssize_t read_file(const char *path, char *bytes, size_t limit) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return -1;
        fail();
    }
    size_t done = 0;
    while (done < limit) {
        ssize_t count = read(descriptor, bytes + done, limit - done);
        if (count == 0) break;
        if (count < 0 && errno != EINTR) fail();
        if (count > 0) done += count;
    }
    close(descriptor);
    return done;
}

static void open_state_folder(void) {
    const char *path = getenv("LATCHKEY_HOME");
    struct stat status;
    if (!path || path[0] != '/' || strlen(path) >= path_limit) fail();
    if (stat(path, &status) != 0 || !realpath(path, home)) fail();
    if (stat(home, &status) != 0 || !S_ISDIR(status.st_mode)) fail();
    if (status.st_uid != geteuid() || (status.st_mode & 077)) fail();
}

static void set(const char *key, const char *value) {
    if (strcasecmp(key, "base_url") == 0) {
        if ((size_t)snprintf(base_url, sizeof base_url, "%s", value) >= sizeof base_url) fail();
    } else if (strcasecmp(key, "journal") == 0) {
        if (strcmp(value, "wal") != 0 && strcmp(value, "delete") != 0) fail();
        strcpy(journal, value);
    } else if (strcasecmp(key, "allow_state_in_web_root") == 0) {
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) fail();
        allow_state_in_web_root = value[0] == 'y';
    }
}

static char *trimmed(char *text) {
    static const char spaces[] = " \t\r";
    text += strspn(text, spaces);
    size_t count = strlen(text);
    while (count > 0 && strchr(spaces, text[count - 1])) count--;
    text[count] = 0;
    return text;
}

static void read_settings(void) {
    static char path[path_limit + 32], text[settings_limit + 2];
    snprintf(path, sizeof path, "%s/latchkey.conf", home);
    ssize_t count = read_file(path, text, settings_limit + 1);
    if (count > settings_limit) fail();
    for (char *rest = text, *line; count > 0 && (line = strsep(&rest, "\n"));) {
        line = trimmed(line);
        if (*line == 0 || *line == '#') continue;
        char *equals = strchr(line, '=');
        if (!equals) fail();
        *equals = 0;
        set(trimmed(line), trimmed(equals + 1));
    }
    for (char **entry = environ; *entry; entry++) {
        if (strncmp(*entry, "LATCHKEY_", LENGTH("LATCHKEY_")) != 0) continue;
        char key[64], *name = *entry + LENGTH("LATCHKEY_"), *equals = strchr(name, '=');
        if (!equals || equals - name >= (ptrdiff_t)sizeof key) continue;
        snprintf(key, sizeof key, "%.*s", (int)(equals - name), name);
        set(key, equals + 1);
    }
}

static void refuse_web_root(void) {
    const char *document_root = getenv("DOCUMENT_ROOT");
    char root[path_limit];
    if (document_root && *document_root && realpath(document_root, root)) {
        size_t count = strcmp(root, "/") == 0 ? 0 : strlen(root);
        if (strncmp(home, root, count) == 0 && (home[count] == '/' || home[count] == 0)) fail();
    }
    for (const char *part = home; *part;) {
        part += strspn(part, "/");
        size_t count = strcspn(part, "/");
        static const char *const served[] = {"public_html", "www", "htdocs"};
        for (int i = 0; i < 3; i++)
            if (count == strlen(served[i]) && memcmp(part, served[i], count) == 0) fail();
        part += count;
    }
}

// The access token

// The only non-empty value of `name`; NULL if there is none. A header that was sent twice, as two
// entries or as one with a comma, decides nothing.
static const char *single(const char *name) {
    const char *found = NULL;
    size_t count = strlen(name);
    for (char **entry = environ; *entry; entry++) {
        if (strncmp(*entry, name, count) != 0 || (*entry)[count] != '=') continue;
        const char *value = *entry + count + 1;
        if (*value == 0) continue;
        if (found) refuse("400 Bad Request", "ambiguous_credentials");
        found = value;
    }
    if (found && strchr(found, ',')) refuse("400 Bad Request", "ambiguous_credentials");
    return found;
}

// The bytes that base64url `text` stands for, ended by a zero; -1 unless it is their one canonical text.
static ssize_t decode(const char *text, size_t count, uint8_t *bytes) {
    uint32_t bits = 0;
    int bit_count = 0;
    size_t done = 0;
    if (count % 4 == 1) return -1;
    for (size_t i = 0; i < count; i++) {
        char c = text[i];
        uint32_t value;
        if (c >= 'A' && c <= 'Z') value = c - 'A';
        else if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
        else if (c >= '0' && c <= '9') value = c - '0' + 52;
        else if (c == '-') value = 62;
        else if (c == '_') value = 63;
        else return -1;
        bits = bits << 6 | value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes[done++] = bits >> bit_count;
        }
    }
    bytes[done] = 0;
    return bits & ((1u << bit_count) - 1) ? -1 : (ssize_t)done;
}

static bool verifies(const char *coordinates, const uint8_t *signature, const char *input, size_t count) {
    struct ecc_point point;
    struct dsa_signature pair;
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    mpz_t x, y;

    ecc_point_init(&point, nettle_get_secp_256r1());
    nettle_mpz_init_set_str_256_u(x, 32, (const uint8_t *)coordinates);
    nettle_mpz_init_set_str_256_u(y, 32, (const uint8_t *)coordinates + 32);
    dsa_signature_init(&pair);
    nettle_mpz_set_str_256_u(pair.r, 32, signature);
    nettle_mpz_set_str_256_u(pair.s, 32, signature + 32);
    sha256_init(&context);
    sha256_update(&context, count, (const uint8_t *)input);
    sha256_digest(&context, sizeof digest, digest);
    bool good = ecc_point_set(&point, x, y) && ecdsa_verify(&point, sizeof digest, digest, &pair);
    dsa_signature_clear(&pair);
    mpz_clear(x);
    mpz_clear(y);
    ecc_point_clear(&point);
    return good;
}

static bool take(const char **text, const char *expected) {
    size_t count = strlen(expected);
    if (strncmp(*text, expected, count) != 0) return false;
    *text += count;
    return true;
}

static bool take_uuid(const char **text, uuid id) {
    int digits = 0;
    for (int i = 0; i < 36; i++) {
        char c = (*text)[i];
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') return false;
            continue;
        }
        if (!isxdigit((unsigned char)c)) return false;
        uint8_t value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        id[digits / 2] = digits % 2 ? id[digits / 2] << 4 | value : value;
        digits++;
    }
    *text += 36;
    return true;
}

static bool take_number(const char **text, int64_t *number) {
    const char *start = *text;
    *number = 0;
    while (isdigit((unsigned char)**text) && *text - start < 15) *number = *number * 10 + *(*text)++ - '0';
    return *text > start;
}

static bool take_to_quote(const char **text, const char **start, size_t *count) {
    *start = *text;
    *count = strcspn(*text, "\"");
    *text += *count;
    return **text == '"';
}

struct claims {
    uuid user, session;
    int64_t expires_at;
    bool is_proved;
};

// What the token in hand is proved by: the text that is signed, the signature, the key, the whole text; and, for one that
// stays, its hash.
static struct {
    const char *input;
    size_t count;
    uint8_t signature[token_limit];
    char key[97];
    const char *token;
    uint8_t digest[SHA256_DIGEST_SIZE];
} proof;

static struct claims read_token(const char *token) {
    static uint8_t header[token_limit], text[token_limit];
    static char path[path_limit + 64];

    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || strlen(token) >= token_limit) refuse_token();
    ssize_t header_count = decode(token, first - token, header);
    ssize_t text_count = decode(first + 1, second - first - 1, text);
    if (header_count < 0 || text_count < 0 || decode(second + 1, strlen(second + 1), proof.signature) != 64)
        refuse_token();
    // A zero byte would end the readers below before the text ends.
    if (memchr(header, 0, header_count) || memchr(text, 0, text_count)) refuse_token();

    const char *reader = (const char *)header;
    if (!take(&reader, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"")) refuse_token();
    const char *id = reader;
    for (int i = 0; i < 43; i++, reader++)
        if (!isalnum((unsigned char)*reader) && *reader != '-' && *reader != '_') refuse_token();
    if (strcmp(reader, "\"}") != 0) refuse_token();
    snprintf(path, sizeof path, "%s/keys/%.43s.key", home, id);
    if (read_file(path, proof.key, sizeof proof.key) != 96) refuse_token();
    proof.input = proof.token = token;
    proof.count = second - token;

    struct claims claims = {.is_proved = false};
    uuid token_id;
    const char *issuer, *email;
    size_t issuer_count, email_count;
    int64_t issued_at;
    reader = (const char *)text;
    if (!take(&reader, "{\"iss\":\"") || !take_to_quote(&reader, &issuer, &issuer_count)
        || !take(&reader, "\",\"sub\":\"") || !take_uuid(&reader, claims.user)
        || !take(&reader, "\",\"iat\":") || !take_number(&reader, &issued_at)
        || !take(&reader, ",\"exp\":") || !take_number(&reader, &claims.expires_at)
        || !take(&reader, ",\"jti\":\"") || !take_uuid(&reader, token_id)
        || !take(&reader, "\",\"sid\":\"") || !take_uuid(&reader, claims.session)
        || !take(&reader, "\",\"email\":\"") || !take_to_quote(&reader, &email, &email_count)
        || strcmp(reader, "\"}") != 0)
        refuse_token();
    if (claims.expires_at * 1000 <= now()) refuse_token();
    if (issuer_count != strlen(base_url) || memcmp(issuer, base_url, issuer_count) != 0) refuse_token();
    return claims;
}

// The database

static sqlite3 *database;

#ifdef RESIDENT
// By the text's address: every statement is a literal in one place.
static sqlite3_stmt *prepared(const char *sql) {
    static struct { const char *sql; sqlite3_stmt *statement; } known[8];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].sql == sql) {
            sqlite3_reset(known[i].statement);
            return known[i].statement;
        }
        if (known[i].sql) continue;
        if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &known[i].statement, NULL)
            != SQLITE_OK)
            fail();
        known[i].sql = sql;
        return known[i].statement;
    }
    abort();
}

static void end(sqlite3_stmt *statement) { sqlite3_reset(statement); }
#else
static sqlite3_stmt *prepared(const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK) fail();
    return statement;
}

static void end(sqlite3_stmt *statement) { sqlite3_finalize(statement); }
#endif

static sqlite3_stmt *prepare(const char *sql, const uint8_t *id) {
    sqlite3_stmt *statement = prepared(sql);
    if (id && sqlite3_bind_blob(statement, 1, id, sizeof(uuid), SQLITE_STATIC) != SQLITE_OK) fail();
    return statement;
}

static bool step(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) fail();
    return code == SQLITE_ROW;
}

static const char *column_text(sqlite3_stmt *statement, int column) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

static void finish(sqlite3_stmt *statement) {
    while (step(statement)) {}
    end(statement);
}

static void open_database(void) {
    static char path[path_limit + 32];
    struct stat status;
    snprintf(path, sizeof path, "%s/latchkey.db", home);
    if (stat(path, &status) != 0 || status.st_size == 0) fail();
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &database, flags, NULL) != SQLITE_OK) fail();
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, 5000);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_wal_autocheckpoint(database, 64);
    if (sqlite3_exec(database, "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON", NULL, NULL, NULL)
        != SQLITE_OK)
        fail();

    // The epoch, in which the state is replaced as a whole: what is read later is compared with it.
    sqlite3_stmt *statement = prepare("PRAGMA application_id", NULL);
    if (!step(statement)) fail();
    finish(statement);
    statement = prepare("PRAGMA user_version", NULL);
    if (!step(statement) || sqlite3_column_int64(statement, 0) != schema_version) fail();
    finish(statement);
    statement = prepare("PRAGMA journal_mode", NULL);
    if (!step(statement) || strcmp(column_text(statement, 0), journal) != 0) fail();
    finish(statement);
}

static void add_flag(struct text *text, const char *name, bool value) {
    add(text, name);
    add(text, value ? "true" : "false");
}

static void add_number(struct text *text, const char *name, int64_t value) {
    char digits[24];
    add(text, name);
    add_bytes(text, digits, snprintf(digits, sizeof digits, "%lld", (long long)value));
}

static void add_id(struct text *text, const char *name, const uint8_t *id) {
    char digits[37];
    uuid_text(id, digits);
    add(text, name);
    add_bytes(text, "\"", 1);
    add_bytes(text, digits, 36);
    add_bytes(text, "\"", 1);
}

static void add_projects(struct text *body, const uint8_t *user) {
    sqlite3_stmt *statement = prepare(
        "SELECT projects.id, projects.name\n"
        "FROM members JOIN projects ON projects.id = members.project_id\n"
        "WHERE members.user_id = ? ORDER BY members.created_at, projects.id",
        user);
    for (const char *opening = "{\"id\":"; step(statement); opening = ",{\"id\":") {
        add_id(body, opening, sqlite3_column_blob(statement, 0));
        add(body, ",\"name\":");
        add_string(body, column_text(statement, 1));
        add(body, "}");
    }
    end(statement);
}

static void tag_token(uint8_t tag[SHA256_DIGEST_SIZE]) {
    static const char label[] = "latchkey v1 access token";
    static const uint8_t salt[SHA256_DIGEST_SIZE];
    struct hmac_sha256_ctx context;
    uint8_t extracted[SHA256_DIGEST_SIZE], key[SHA256_DIGEST_SIZE];
    hmac_sha256_set_key(&context, sizeof salt, salt);
    hkdf_extract(&context, (nettle_hash_update_func *)hmac_sha256_update, (nettle_hash_digest_func *)hmac_sha256_digest,
                 sizeof extracted, 32, (const uint8_t *)proof.key, extracted);
    hmac_sha256_set_key(&context, sizeof extracted, extracted);
    hkdf_expand(&context, (nettle_hash_update_func *)hmac_sha256_update, (nettle_hash_digest_func *)hmac_sha256_digest,
                SHA256_DIGEST_SIZE, LENGTH(label), (const uint8_t *)label, sizeof key, key);
    hmac_sha256_set_key(&context, sizeof key, key);
    hmac_sha256_update(&context, strlen(proof.token), (const uint8_t *)proof.token);
    hmac_sha256_digest(&context, SHA256_DIGEST_SIZE, tag);
}

// The token that the session was given last is known by its tag, any other by its signature.
static void prove(struct claims *claims, const void *last, int count) {
    if (claims->is_proved) return;
    uint8_t tag[SHA256_DIGEST_SIZE];
    tag_token(tag);
    bool is_last = count == sizeof tag && memcmp(last, tag, count) == 0;
    if (!is_last && !verifies(proof.key + 32, proof.signature, proof.input, proof.count)) refuse_token();
    claims->is_proved = true;
}

// The session's account, in the shape of the answer. Deactivation is told apart from an ended session.
static void add_account(struct text *body, struct claims *claims) {
    sqlite3_stmt *row = prepare(
        "SELECT s.generation, s.rotated_at, s.expires_at, s.revoked_at, s.access_token_tag,\n"
        "       u.id, u.email, u.full_name, u.is_active, u.is_superuser, u.is_verified,\n"
        "       u.token_balance, u.tokens_used, u.subscription_tier, u.created_at, u.updated_at\n"
        "FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = ?",
        claims->session);
    if (!step(row)) refuse_token();
    prove(claims, sqlite3_column_blob(row, 4), sqlite3_column_bytes(row, 4));
    if (memcmp(sqlite3_column_blob(row, 5), claims->user, sizeof claims->user) != 0) refuse_token();
    if (!sqlite3_column_int64(row, 8)) refuse("403 Forbidden", "account_inactive");
    if (sqlite3_column_type(row, 3) != SQLITE_NULL || sqlite3_column_int64(row, 2) <= now()) refuse_token();

    add_id(body, "{\"id\":", claims->user);
    add(body, ",\"email\":");
    add_string(body, column_text(row, 6));
    add(body, ",\"full_name\":");
    if (sqlite3_column_type(row, 7) == SQLITE_NULL) add(body, "null");
    else add_string(body, column_text(row, 7));
    add_flag(body, ",\"is_active\":", true);
    add_flag(body, ",\"is_superuser\":", sqlite3_column_int64(row, 9));
    add_flag(body, ",\"is_verified\":", sqlite3_column_int64(row, 10));
    // What stands behind the projects is kept, so that this query ends before theirs begins.
    struct text rest = {0};
    add(&rest, "],\"created_at\":");
    add_time(&rest, sqlite3_column_int64(row, 14));
    add(&rest, ",\"updated_at\":");
    add_time(&rest, sqlite3_column_int64(row, 15));
    add_number(&rest, ",\"billing\":{\"token_balance\":", sqlite3_column_int64(row, 11));
    add_number(&rest, ",\"tokens_used\":", sqlite3_column_int64(row, 12));
    add(&rest, ",\"subscription_tier\":");
    add_string(&rest, column_text(row, 13));
    add(&rest, "}}");
    finish(row);

    add(body, ",\"projects\":[");
    add_projects(body, claims->user);
    add_bytes(body, rest.bytes, rest.count);
    free(rest.bytes);
}

// What precedes the credentials: path and method, the state folder, the settings.

static void judge_request(void) {
    const char *method = getenv("REQUEST_METHOD"), *path_info = getenv("PATH_INFO");
    is_head = method && strcmp(method, "HEAD") == 0;
    if (path_info && *path_info && strcmp(path_info, "/") != 0) refuse("404 Not Found", "not_found");
    if (!method || (!is_head && strcmp(method, "GET") != 0))
        refuse("405 Method Not Allowed", "method_not_allowed");
}

static void read_configuration(void) {
    open_state_folder();
    read_settings();
    if (!allow_state_in_web_root) refuse_web_root();
}

// The text of the access token.
static const char *bearer(void) {
    const char *authorization = single("HTTP_AUTHORIZATION");
    if (!authorization || strncasecmp(authorization, "bearer ", LENGTH("bearer ")) != 0)
        refuse("401 Unauthorized", "not_authenticated");
    const char *token = authorization + LENGTH("bearer ");
    return token + strspn(token, " ");
}
