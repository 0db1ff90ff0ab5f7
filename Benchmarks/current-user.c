// GET /auth/users/me in C: the baseline for the Swift executable current-user.

#include "baseline.h"

int main(void) {
    begin();
    judge_request("current-user", (const char *[]){"auth", "users", "me", NULL});
    read_configuration(non_empty("DOCUMENT_ROOT"));
    refuse_ambiguity();

    struct claims claims = read_token(bearer());
    open_database();
    struct text body = {0};
    add(&body, "{\"success\":true,\"data\":");
    add_account(&body, &claims);
    add(&body, ",\"error\":null}");
    answer("200 OK", &body);
}
