// GET /auth/users/me in C: what the Swift executable current-user is measured against.

#include "twin.h"

int main(void) {
    new_request_id();
    umask(077);
    answer_traps();
    judge_request();
    read_configuration();

    const char *token = bearer();
    single("HTTP_X_API_KEY");
    single("HTTP_X_PROJECT_ID");
    struct claims claims = read_token(token);

    open_database();
    struct text body = {0};
    add(&body, "{\"success\":true,\"data\":");
    add_account(&body, &claims);
    add(&body, ",\"error\":null}");
    answer("200 OK", &body);
}
