// Code that the C programs share, which are baselines for the Swift executables.
//
// 1. They do the same work in the same order, with the same libraries, and their answers are the same
//    byte for byte, except the request's id. Benchmarks/compare.py refuses to measure if they are not.
// 2. They are idiomatic C: buffers in place, no needless copies.
// 3. Each implements one endpoint. They create and migrate nothing, skip settings that their
//    endpoints do not use, and neither explain a failure nor log it.
// 4. A process of one request makes the same system calls as the Swift executable, one by one, except for memory; otherwise
//    compare.py refuses.
//
// The persistent program defines RESIDENT: it passes its answer to `deliver`, and keeps what latchkey-fcgi keeps
// (ProcessCache.swift, Service.swift): the open database, the settings, keys, and verified tokens. Before each use it checks,
// like latchkey-fcgi, whether their files have changed; it reads session and account for every request.

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

// Latchkey, too, uses C for what Swift cannot call.
#include "../Sources/CLibc/CLibc.h"
#include "../Sources/CSQLite/CSQLite.h"

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

enum {
    path_limit = 4096, token_limit = 4096, settings_limit = 65536, schema_version = SCHEMA_VERSION,
    clock_tolerance = 60 * 1000, longest_access_lifetime = 24 * 3600 * 1000, key_overlap = 60 * 1000,
    busy_timeout = 5000, short_write_wait = 50, listed_within = 100, longest_body = 2 << 20
};

// The answer

static char request_id[37];
static bool is_head;

struct text {
    char *bytes;
    size_t count, capacity;
};

// The answer to a trap, and where it is written.
static char trap_answer[512];
static volatile size_t trap_answer_count;
static int trap_output = STDOUT_FILENO;

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

// The header fields that affect a decision, found in one pass: the first non-empty value of each, and a bit for each that
// occurs twice. Some servers join repeated fields with a comma, so a comma counts in a field of one value.

enum field {
    authorization, instead_of_authorization, api_key, project_id, verification_code, forwarded_for, forwarded, via, real_ip,
    origin, fetch_site, user_agent, accept_language, requested_fields, content_type, content_length, transfer_encoding,
    field_count
};

static const char *const field_names[field_count] = {
    "HTTP_AUTHORIZATION", "HTTP_X_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_X_PROJECT_ID", "HTTP_X_VERIFICATION_CODE",
    "HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP", "HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE",
    "HTTP_USER_AGENT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "CONTENT_TYPE", "CONTENT_LENGTH",
    "HTTP_TRANSFER_ENCODING"};

static const char *fields[field_count];
static uint32_t repeated;

static void read_fields(void) {
    memset(fields, 0, sizeof fields);
    repeated = 0;
    for (char **entry = environ; *entry; entry++) {
        if (strncmp(*entry, "HTTP_", LENGTH("HTTP_")) != 0 && strncmp(*entry, "CONTENT_", LENGTH("CONTENT_")) != 0) continue;
        const char *equals = strchr(*entry, '=');
        if (!equals || equals[1] == 0) continue;
        size_t count = equals - *entry;
        for (int i = 0; i < field_count; i++) {
            if (strncmp(*entry, field_names[i], count) != 0 || field_names[i][count]) continue;
            bool has_one_value = i <= verification_code || i == origin || i == fetch_site;
            if (fields[i] || (has_one_value && strchr(equals + 1, ','))) repeated |= 1u << i;
            if (!fields[i]) fields[i] = equals + 1;
            break;
        }
    }
}

#ifdef RESIDENT
static _Noreturn void deliver(const struct text *whole);
#else
// Some servers lose the answer of a process that ends before it has read the whole body.
static void discard_input(void) {
    char bytes[4096];
    const char *length = fields[content_length];
    long left = length ? strtol(length, NULL, 10) : fields[transfer_encoding] ? longest_body : 0;
    if (left > longest_body) left = longest_body;
    while (left > 0) {
        ssize_t count = read(STDIN_FILENO, bytes, left < (long)sizeof bytes ? left : (long)sizeof bytes);
        if (count == 0 || (count < 0 && errno != EINTR)) return;
        if (count > 0) left -= count;
    }
}

// Servers end a process whose answer is complete, so nothing is left to do after the write.
static _Noreturn void deliver(const struct text *whole) {
    discard_input();
    trap_answer_count = 0;
    for (size_t done = 0; done < whole->count;) {
        ssize_t count = write(STDOUT_FILENO, whole->bytes + done, whole->count - done);
        if (count < 0 && errno != EINTR) _exit(1);
        if (count > 0) done += count;
    }
    _exit(0);
}
#endif

static void end_reading(void);

static _Noreturn void answer(const char *status, const struct text *body) {
    char head[512];
    end_reading();
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
static void forget_database(void);

static _Noreturn void fail(void) {
    forget_database();
    refuse("500 Internal Server Error", "internal_error");
}

static void write_trap_answer(int signal_number) {
    (void)signal_number;
    if (trap_answer_count > 0 && write(trap_output, trap_answer, trap_answer_count) < 0) _exit(1);
    _exit(1);
}

// Writes the whole answer to a trap into `bytes`; returns its length.
static size_t write_trap_text(char *bytes, size_t capacity) {
    static const char body[] = "{\"success\":false,\"data\":null,\"error\":{\"code\":\"internal_error\"}}";
    size_t count = snprintf(bytes, capacity, head_format, "500 Internal Server Error", request_id, LENGTH(body));
    memcpy(bytes + count, body, LENGTH(body));
    return count + LENGTH(body);
}

static void answer_traps(void) {
    static char alternate_stack[16384];
    static const int traps[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    sigaltstack(&(stack_t){.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack}, NULL);
    struct sigaction action = {.sa_handler = write_trap_answer,
                               .sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER};
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) sigaction(traps[i], &action, NULL);
}

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

#ifndef RESIDENT
// A process does this before it reads its request.
static void begin(void) {
    libc_leave_no_core();
    csqlite_configure_for_one_thread();
    new_request_id();
    umask(077);
    answer_traps();
    trap_answer_count = write_trap_text(trap_answer, sizeof trap_answer);
    read_fields();
}
#endif

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * INT64_C(1000) + time.tv_nsec / 1000000;
}

// Computed here, since gmtime looks for a time zone. Times in the database are after 1970.
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
static char journal[8];  // empty: depends on the file system
static bool allow_state_in_web_root;

// The number of bytes read, at most `limit`; -1 if there is no such file.
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

static void refuse_web_root(const char *document_root) {
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

// The bytes that base64url `text` encodes, with a terminating zero; -1 unless it is their one canonical text.
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
    int64_t issued_at, expires_at;
    const char *issuer;
    size_t issuer_count;
    bool is_proved;
};

// The data that verifies the current token: the signed text, the signature, the key and its id, the whole text; and, in a persistent
// process, its hash.
static struct {
    const char *input;
    size_t count;
    uint8_t signature[token_limit];
    char key_id[44], key[97];
    const char *token;
    uint8_t digest[SHA256_DIGEST_SIZE];
} proof;

// When the key `id` ends: INT64_MAX for the signing key, 0 for a key that has ended.
static int64_t end_of_key(const char *id) {
    static char path[path_limit + 64];
    char text[44];
    snprintf(path, sizeof path, "%s/keys/current", home);
    ssize_t count = read_file(path, text, 43);
    if (count == 43 && memcmp(text, id, 43) == 0) return INT64_MAX;
    if (count < 0) fail();
    snprintf(path, sizeof path, "%s/keys/%s.end", home, id);
    count = read_file(path, text, 20);
    if (count < 0) return 0;
    text[count] = 0;
    int64_t end;
    const char *reader = text;
    return take_number(&reader, &end) && *reader == 0 ? end : 0;
}

// An end later than any rotation sets is invalid.
static bool is_good_until(int64_t end) {
    return end == INT64_MAX || (now() < end && end <= now() + longest_access_lifetime + 2 * key_overlap);
}

// Reads the key proof.key_id into proof.key. False if there is none, or its tokens are no longer valid.
static bool read_key(void) {
    static char path[path_limit + 64];
    if (!is_good_until(end_of_key(proof.key_id))) return false;
    snprintf(path, sizeof path, "%s/keys/%s.key", home, proof.key_id);
    return read_file(path, proof.key, sizeof proof.key) == 96;
}

#ifdef RESIDENT
static bool find_key_of_token(void);
#else
static bool find_key_of_token(void) { return read_key(); }
#endif

// Checks the token's claims at this moment.
static void judge_claims(const struct claims *claims) {
    int64_t time = now();
    if (claims->expires_at * 1000 <= time || claims->issued_at * 1000 > time + clock_tolerance) refuse_token();
    if (claims->issuer_count != strlen(base_url) || memcmp(claims->issuer, base_url, claims->issuer_count) != 0)
        refuse_token();
}

static struct claims read_token(const char *token) {
    static uint8_t header[token_limit], text[token_limit];

    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || strlen(token) >= token_limit) refuse_token();
    ssize_t header_count = decode(token, first - token, header);
    ssize_t text_count = decode(first + 1, second - first - 1, text);
    if (header_count < 0 || text_count < 0) refuse_token();
    // A zero byte would end the readers below before the text ends.
    if (memchr(header, 0, header_count) || memchr(text, 0, text_count)) refuse_token();

    struct claims claims = {.is_proved = false};
    uuid token_id;
    const char *email, *reader = (const char *)text;
    size_t email_count;
    if (!take(&reader, "{\"iss\":\"") || !take_to_quote(&reader, &claims.issuer, &claims.issuer_count)
        || !take(&reader, "\",\"sub\":\"") || !take_uuid(&reader, claims.user)
        || !take(&reader, "\",\"iat\":") || !take_number(&reader, &claims.issued_at)
        || !take(&reader, ",\"exp\":") || !take_number(&reader, &claims.expires_at)
        || !take(&reader, ",\"jti\":\"") || !take_uuid(&reader, token_id)
        || !take(&reader, "\",\"sid\":\"") || !take_uuid(&reader, claims.session)
        || !take(&reader, "\",\"email\":\"") || !take_to_quote(&reader, &email, &email_count)
        || strcmp(reader, "\"}") != 0)
        refuse_token();
    if (decode(second + 1, strlen(second + 1), proof.signature) != 64) refuse_token();
    reader = (const char *)header;
    if (!take(&reader, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"")) refuse_token();
    const char *id = reader;
    for (int i = 0; i < 43; i++, reader++)
        if (!isalnum((unsigned char)*reader) && *reader != '-' && *reader != '_') refuse_token();
    if (strcmp(reader, "\"}") != 0) refuse_token();
    if ((claims.expires_at - claims.issued_at) * 1000 > longest_access_lifetime) refuse_token();
    snprintf(proof.key_id, sizeof proof.key_id, "%.43s", id);
    proof.input = proof.token = token;
    proof.count = second - token;
    if (!find_key_of_token()) refuse_token();
    judge_claims(&claims);
    return claims;
}

// How SQLite opens files, as in FileSystem.swift: if the WAL has content after its header, it already exists, and its folder
// need not be synced again.

static sqlite3_vfs *original_vfs, own_vfs;

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *opened) {
    (void)vfs;
    int is_filled = 0;
    if ((flags & SQLITE_OPEN_WAL) && (flags & SQLITE_OPEN_CREATE)
        && original_vfs->xAccess(original_vfs, path, SQLITE_ACCESS_EXISTS, &is_filled) == SQLITE_OK && is_filled
        && original_vfs->xOpen(original_vfs, path, file, flags & ~SQLITE_OPEN_CREATE, opened) == SQLITE_OK) {
        sqlite3_int64 size = 0;
        if (file->pMethods->xFileSize(file, &size) == SQLITE_OK && size > 32) return SQLITE_OK;
        file->pMethods->xClose(file);
    }
    return original_vfs->xOpen(original_vfs, path, file, flags, opened);
}

static const char *name_of_vfs(void) {
    if (!original_vfs) {
        original_vfs = sqlite3_vfs_find(NULL);
        own_vfs = *original_vfs;
        own_vfs.zName = "latchkey";
        own_vfs.pNext = NULL;
        own_vfs.xOpen = open_file;
        if (sqlite3_vfs_register(&own_vfs, 0) != SQLITE_OK) fail();
    }
    return own_vfs.zName;
}

// The database. A statement is prepared once, and identified by the address of its text.

static const char epoch_sql[] = "PRAGMA application_id", version_sql[] = "PRAGMA user_version";

static sqlite3 *database;
static int64_t epoch;
static bool is_reading;
static struct { const char *sql; sqlite3_stmt *statement; } prepared[16];

// NULL if that fails.
static sqlite3_stmt *statement_of(const char *sql) {
    for (size_t i = 0; i < sizeof prepared / sizeof *prepared; i++) {
        if (prepared[i].sql == sql) return prepared[i].statement;
        if (prepared[i].sql) continue;
        if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared[i].statement, NULL) != SQLITE_OK)
            return NULL;
        prepared[i].sql = sql;
        return prepared[i].statement;
    }
    abort();
}

static sqlite3_stmt *prepare(const char *sql, const uint8_t *id) {
    sqlite3_stmt *statement = statement_of(sql);
    if (!statement) fail();
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

static void end(sqlite3_stmt *statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

static void finish(sqlite3_stmt *statement) {
    while (step(statement)) {}
    end(statement);
}

// Runs a statement without values, or `statement` with its values; whether it ran to its end.
static bool runs(sqlite3_stmt *statement) {
    int code = SQLITE_ROW;
    while (statement && code == SQLITE_ROW) code = sqlite3_step(statement);
    if (statement) end(statement);
    return code == SQLITE_DONE;
}

static int64_t number_of(const char *sql) {
    sqlite3_stmt *statement = prepare(sql, NULL);
    int64_t number = step(statement) ? sqlite3_column_int64(statement, 0) : 0;
    finish(statement);
    return number;
}

static void begin_reading(void) {
    if (!runs(statement_of("BEGIN"))) fail();
    is_reading = true;
}

static void end_reading(void) {
    if (!is_reading) return;
    is_reading = false;
    if (!runs(statement_of("COMMIT"))) sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
}

#ifdef RESIDENT
enum { checkpoint_pages = 1000, checkpoint_mode = SQLITE_CHECKPOINT_RESTART };
#else
enum { checkpoint_pages = 64, checkpoint_mode = SQLITE_CHECKPOINT_TRUNCATE };
#endif

static int copy_log_back(void *context, sqlite3 *handle, const char *name, int pages) {
    (void)context, (void)name;
    if (pages < checkpoint_pages) return SQLITE_OK;
    sqlite3_busy_timeout(handle, 0);
    sqlite3_wal_checkpoint_v2(handle, NULL, checkpoint_mode, NULL, NULL);
    sqlite3_busy_timeout(handle, busy_timeout);
    return SQLITE_OK;
}

// Whether the file system of `path` has unreliable shared memory and locks (File.isRemote).
static bool is_remote(const char *path) {
    switch (libc_file_system(path)) {
    case 0x61636673: case 0x5346414F: case 0x00C36400: case 0xFF534D42: case 0x73757245: case 0x19830326: case 0x65735546:
    case 0x65735543: case 0x01161970: case 0x47504653: case 0x013111A8: case 0x6B414653: case 0x0BD00BD0: case 0x6969:
    case 0x6E667364: case 0x564C: case 0x7461636F: case 0xAAD7AAEA: case 0x20030528: case 0x7C7C6673: case 0x517B:
    case 0xFE534D42: case 0xBEEFDEAD: case 0x01021997: case 0x786F4256: case 0xBACBACBC: case 0xA501FCF5: return true;
    default: return false;
    }
}

static const char *wanted_journal(void) { return *journal ? journal : is_remote(home) ? "delete" : "wal"; }

static void connect_to_database(void) {
    static char path[path_limit + 32];
    struct stat status;
    snprintf(path, sizeof path, "%s/latchkey.db", home);
    if (stat(path, &status) != 0 || status.st_size == 0) fail();
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &database, flags, name_of_vfs()) != SQLITE_OK) fail();
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, busy_timeout);
    csqlite_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1);
    csqlite_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
    csqlite_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1);
    csqlite_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1);
    sqlite3_wal_hook(database, copy_log_back, NULL);
    if (sqlite3_exec(database, "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON", NULL, NULL, NULL) != SQLITE_OK) fail();
#ifdef RESIDENT
    if (sqlite3_exec(database, "PRAGMA journal_size_limit=8388608", NULL, NULL, NULL) != SQLITE_OK) fail();
#endif

    // The epoch changes when the whole state is replaced: later reads compare it.
    epoch = number_of(epoch_sql);
    if (number_of(version_sql) != schema_version) fail();
    sqlite3_stmt *statement = prepare("PRAGMA journal_mode", NULL);
    if (!step(statement) || strcmp(column_text(statement, 0), wanted_journal()) != 0) fail();
    finish(statement);
}

#ifdef RESIDENT
static void forget_database(void) {
    end_reading();
    for (size_t i = 0; i < sizeof prepared / sizeof *prepared && prepared[i].sql; i++)
        sqlite3_finalize(prepared[i].statement);
    memset(prepared, 0, sizeof prepared);
    sqlite3_close(database);
    database = NULL;
}
#else
static void forget_database(void) {}

// All reads from now until the answer see one snapshot.
static void open_database(void) {
    connect_to_database();
    begin_reading();
}
#endif

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
        "WHERE members.user_id = $1 ORDER BY members.created_at, projects.id",
        user);
    const char *opening = "{\"id\":";
    for (int count = 0; count < listed_within && step(statement); count++, opening = ",{\"id\":") {
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

#ifdef RESIDENT
static void remember(const struct claims *claims);
#else
static void remember(const struct claims *claims) { (void)claims; }
#endif

// The session's newest token is verified by its tag, any other by its signature.
static void prove(struct claims *claims, const void *last, int count) {
    if (claims->is_proved) return;
    uint8_t tag[SHA256_DIGEST_SIZE];
    tag_token(tag);
    bool is_last = count == sizeof tag && memcmp(last, tag, count) == 0;
    if (!is_last && !verifies(proof.key + 32, proof.signature, proof.input, proof.count)) refuse_token();
    claims->is_proved = true;
    remember(claims);
}

// The session's account, in the form of the answer. A deactivated account is distinct from an ended session.
static void add_account(struct text *body, struct claims *claims) {
    sqlite3_stmt *row = prepare(
        "SELECT s.generation, s.rotated_at, s.expires_at, s.revoked_at, s.access_token_tag,\n"
        "       u.id, u.email, u.full_name, u.is_active, u.is_superuser, u.is_verified,\n"
        "       u.token_balance, u.tokens_used, u.subscription_tier, u.created_at, u.updated_at\n"
        "FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = $1",
        claims->session);
    // Tokens of an account that is being deleted are no longer valid.
    if (!step(row) || strncmp(column_text(row, 6), "deleted ", LENGTH("deleted ")) == 0) refuse_token();
    if (sqlite3_column_int64(row, 1) > now() + clock_tolerance) refuse_token();
    if (memcmp(sqlite3_column_blob(row, 5), claims->user, sizeof claims->user) != 0) refuse_token();
    prove(claims, sqlite3_column_blob(row, 4), sqlite3_column_bytes(row, 4));
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
    // The text after the projects is kept, so that this query ends before theirs begins.
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

// The request's path in parts, read as in RequestPath.swift.

struct path {
    char bytes[path_limit];
    struct { size_t start, count; } parts[64];
    int count;
};

static bool end_part(struct path *path, size_t start, size_t end, bool is_last) {
    size_t count = end - start;
    bool is_dots = (count == 1 || count == 2) && path->bytes[start] == '.' && path->bytes[end - 1] == '.';
    if (is_dots && count == 2 && path->count > 0) path->count--;
    if ((is_dots || count == 0) && !is_last) return true;
    if (path->count == sizeof path->parts / sizeof *path->parts) return false;
    path->parts[path->count].start = start;
    path->parts[path->count++].count = is_dots ? 0 : count;
    return true;
}

static int hex_value(char c) {
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

// Reads the target of a request line, or a path. False if it does not begin with a slash.
static bool read_path(const char *target, struct path *path) {
    size_t start = 0, length = 0;
    bool is_absolute = false;
    const char *end = target + strcspn(target, "?");
    if (*target != '/') {
        const char *colon = memchr(target, ':', end - target);
        if (colon && strncmp(colon, "://", 3) == 0 && colon + 3 <= end) {
            target = memchr(colon + 3, '/', end - colon - 3);
            if (!target) return false;
        }
    }
    path->count = 0;
    for (; target < end; target++) {
        char c = *target;
        if (c == '%' && end - target > 2 && hex_value(target[1]) >= 0 && hex_value(target[2]) >= 0) {
            c = hex_value(target[1]) << 4 | hex_value(target[2]);
            target += 2;
        }
        if (c == '/') {
            if (is_absolute && !end_part(path, start, length, false)) return false;
            is_absolute = true;
            start = length;
        } else {
            if (!is_absolute || length == sizeof path->bytes) return false;
            path->bytes[length++] = c;
        }
    }
    return is_absolute && end_part(path, start, length, true);
}

static bool is_part(const struct path *path, int index, const char *name) {
    size_t count = strlen(name);
    return path->parts[index].count == count && memcmp(path->bytes + path->parts[index].start, name, count) == 0;
}

// A slash at the end makes another path, except for /auth/api-keys/.
static int part_count(const struct path *path) {
    bool ends_in_free_slash = path->count == 3 && path->parts[2].count == 0 && is_part(path, 1, "api-keys")
                              && is_part(path, 0, "auth");
    return ends_in_free_slash ? 2 : path->count;
}

static const char *non_empty(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

// The path that the client requested. False if the server does not pass it, or it is not a path.
static bool read_target(struct path *path) {
    const char *target = non_empty("REQUEST_URI"), *script = non_empty("SCRIPT_NAME"), *info = getenv("PATH_INFO");
    char both[path_limit];
    if (target) return read_path(target, path);
    if (!script || (size_t)snprintf(both, sizeof both, "%s%s", script, info ? info : "") >= sizeof both) return false;
    return read_path(both, path);
}

// Whether the request is for the path of `words`, or for the executable `name` at its own path; if the server passes no path,
// or another one, the text after the executable's name decides.
static bool is_addressed(const char *name, const char *const *words) {
    static struct path path;
    if (read_target(&path)) {
        int count = part_count(&path), index = 0;
        while (index < count && words[index] && is_part(&path, index, words[index])) index++;
        if (index == count && !words[index]) return true;
        for (index = 0; index < count && !is_part(&path, index, name);) index++;
        if (index < count) return index + 1 == count || (index + 2 == count && path.parts[index + 1].count == 0);
    }
    const char *info = non_empty("PATH_INFO");
    return !info || (read_path(info, &path) && path.count == 1 && path.parts[0].count == 0);
}

// The checks before the credentials: path and method, the state folder, the settings, and whether the fields are ambiguous.

static void judge_request(const char *name, const char *const *words) {
    const char *method = getenv("REQUEST_METHOD");
    is_head = method && strcmp(method, "HEAD") == 0;
    if (!is_addressed(name, words)) refuse("404 Not Found", "not_found");
    if (!method || (!is_head && strcmp(method, "GET") != 0))
        refuse("405 Method Not Allowed", "method_not_allowed");
}

static void read_configuration(const char *document_root) {
    open_state_folder();
    read_settings();
    if (!allow_state_in_web_root) refuse_web_root(document_root);
}

static void refuse_ambiguity(void) {
    uint32_t credentials = (1u << (verification_code + 1)) - 1;
    if (repeated)
        refuse("400 Bad Request", repeated & credentials ? "ambiguous_credentials" : "ambiguous_headers");
    if (fields[authorization] && fields[instead_of_authorization]) refuse("400 Bad Request", "ambiguous_credentials");
}

static const char *sent_authorization(void) {
    return fields[authorization] ? fields[authorization] : fields[instead_of_authorization];
}

// The text of the access token.
static const char *bearer(void) {
    const char *text = sent_authorization();
    if (!text || strncasecmp(text, "bearer ", LENGTH("bearer ")) != 0) refuse("401 Unauthorized", "not_authenticated");
    const char *token = text + LENGTH("bearer ");
    return token + strspn(token, " ");
}
