"""The page of requests."""

import json
import subprocess

from selenium.webdriver.common.by import By

from browser import wait
from people import NEW, chosen, grant


def every_request_is_a_line_of_curl_that_works_and_holds_no_token(browser):
    browser.view("requests")
    lines = wait(lambda: [node.text for node in browser.all(".line")], "the record")
    assert len(lines) > 5 and all(line.startswith("curl -X ") for line in lines), lines
    kept = json.loads(browser.js("return localStorage.latchkey"))
    assert kept["refresh_token"] not in browser.driver.page_source and "eyJ" not in browser.one("main").text
    line = next(line for line in lines if line.startswith("curl -X GET") and "/auth/sessions" in line)
    assert '-H "Authorization: Bearer $TOKEN"' in line, line
    token = grant(browser, NEW)["access_token"]
    answer = subprocess.run(
        ["bash", "-c", line.replace("curl ", "curl -sS ", 1)],
        env={"PATH": "/usr/bin:/bin", "TOKEN": token},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert json.loads(answer.stdout)["success"], (line, answer)


def any_request_is_edited_and_sent(browser):
    browser.submit()
    browser.see('"success": true', "pre")
    browser.see("content-type: application/json", "pre")
    browser.type("path", "/auth/api-keys/?limit=1")
    browser.type("headers", f"Authorization: Bearer $TOKEN\nx-project-id: {chosen(browser)}")
    browser.submit()
    browser.see('"pagination"', "pre")
    browser.type("path", "/nothing/here")
    browser.submit()
    browser.see("404", "h3")
    browser.see("not_found", "pre")
    browser.choose("main [name=method]", "POST")
    browser.type("path", "/auth/verification/send-code")
    browser.type("headers", "Content-Type: application/json")
    browser.type("body", '{"email": 1}')
    browser.submit()
    browser.see("422", "h3")
    browser.see("validation_error", "pre")
    browser.type("path", "/https://example.com/")
    browser.submit()
    browser.see("404", "h3")

    def recorded(part):
        return wait(lambda: next((row for row in browser.all(".rows > li") if part in row.text), None), f"a record of {part}")

    wait(lambda: f"curl -X POST '{browser.service.url}/https://example.com/'" in recorded("example.com").text, "its line")
    wait(lambda: "-d '{\"email\": 1}'" in recorded("verification/send-code").text, "its line")
    wait(
        lambda: (
            recorded("verification/send-code' -H 'Content-Type: application/json' -d")
            .find_element(By.CSS_SELECTOR, ".actions button:last-child")
            .click()
            is None
        ),
        "to edit it",
    )
    assert browser.field("path").get_attribute("value") == "/auth/verification/send-code"
    assert browser.driver.switch_to.active_element == browser.field("path")


def an_operation_is_chosen(browser):
    options = wait(lambda: browser.one("#operation").find_elements(By.TAG_NAME, "option")[1:], "operations")
    index = next(o.get_attribute("value") for o in options if o.text.rstrip("/") == "POST /auth/api-keys")
    browser.choose("#operation", index)
    headers = browser.field("headers").get_attribute("value")
    assert "Authorization: Bearer $TOKEN" in headers and f"x-project-id: {chosen(browser)}" in headers, headers
    assert "name" in json.loads(browser.field("body").get_attribute("value"))
    browser.submit()
    browser.see("201", "h3")
    browser.see("full_key", "pre")


def the_tokens_can_be_renewed_by_hand(browser):
    user = json.loads(browser.js("return localStorage.latchkey"))["user_uuid"]
    browser.choose("main [name=method]", "POST")
    browser.type("path", "/auth/verification/refresh-token")
    browser.type("headers", "Content-Type: application/json")
    browser.type("body", json.dumps({"refresh_token": "$REFRESH_TOKEN", "user_uuid": user}))
    before = browser.js("return localStorage.latchkey")
    browser.submit()
    wait(lambda: browser.js("return localStorage.latchkey") != before, "the next tokens")
    browser.see('"\'"$REFRESH_TOKEN"\'"', ".line")
    browser.view("account")
    browser.see(NEW)


TESTS = [
    every_request_is_a_line_of_curl_that_works_and_holds_no_token,
    any_request_is_edited_and_sent,
    an_operation_is_chosen,
    the_tokens_can_be_renewed_by_hand,
]
