"""Projects and their members."""

from selenium.webdriver.common.by import By

from browser import wait
from people import ADA, BOB, Story, chosen, use


def a_project_is_made_and_renamed(browser):
    browser.view("projects")
    browser.press("projects.create")
    browser.submit()
    browser.see(browser.t("fault.missing"), "dialog .fault")
    browser.type("name", "Analytical Engine")
    browser.type("description", "Punched cards & <b>brass</b>")
    browser.submit()
    browser.see(browser.t("keys.empty"), ".empty")
    browser.see("Analytical Engine", ".over")
    Story.project = chosen(browser)
    browser.view("project", Story.project)
    assert browser.field("description").get_attribute("value") == "Punched cards & <b>brass</b>"
    browser.type("name", "Engine")
    browser.submit()
    browser.see("Engine", ".over")
    wait(
        lambda: "Engine" in [option.text for option in browser.one("#choice").find_elements(By.TAG_NAME, "option")],
        "the new name",
    )
    browser.view("projects")
    assert "Owner" in browser.item("Engine").text and "<b>brass</b>" in browser.item("Engine").text


def members_are_invited_and_an_invitation_is_withdrawn(browser):
    browser.view("project", Story.project)
    browser.press("invite")
    browser.type("email", "bob")
    browser.submit()
    browser.see(browser.t("fault.email"), "dialog .fault")
    browser.type("email", ADA)
    browser.submit()
    browser.see(browser.t("error.already_member"), "dialog .alert")
    browser.type("email", BOB)
    browser.submit()
    browser.closed()
    assert "Invited" in browser.item(BOB).text
    browser.press("member.withdraw", BOB)
    browser.submit()
    browser.closed()
    browser.gone(BOB)
    browser.press("invite")
    browser.type("email", BOB)
    browser.submit()
    browser.closed()
    browser.item(BOB)


def a_second_person_accepts_an_invitation(browser):
    browser.collect()
    Story.tabs["bob"] = browser.tab("bob")
    browser.sign_in(BOB)
    assert browser.one(".count").text == "1"
    browser.view("projects")
    assert ADA in browser.item("Engine").text
    browser.press("invitation.accept", "Engine")
    browser.submit()
    browser.closed()
    wait(lambda: not browser.all(".count"), "the count to go")
    assert "Member" in browser.item("Engine").text
    browser.view("project", Story.project)
    assert not browser.all("main [name=name]") and not browser.all("#invite"), "a member may not manage"


def a_role_is_changed(browser):
    use(browser, "ada")
    browser.view("project", Story.project)
    browser.press("member.change", BOB)
    browser.choose("dialog [name=role]", "admin")
    browser.submit()
    browser.closed()
    wait(lambda: "Admin" in browser.item(BOB).text, "an admin")
    use(browser, "bob")
    browser.view("project", Story.project)
    assert browser.all("#invite") and browser.all("main [name=name]")
    assert not browser.item(ADA).find_elements(By.CSS_SELECTOR, ".actions"), "an admin may not touch an owner"
    browser.press("invite")
    assert "Owner" not in browser.one("dialog [name=role]").text
    browser.press("cancel")


def the_last_owner_cannot_leave(browser):
    use(browser, "ada")
    browser.view("project", Story.project)
    browser.press("leave", scope="main ")
    browser.submit()
    browser.see(browser.t("error.last_owner"), "dialog .alert")
    browser.press("cancel")
    browser.closed()


def a_member_is_removed_and_sees_the_project_no_more(browser):
    browser.press("member.remove", BOB)
    browser.submit()
    browser.closed()
    browser.gone(BOB)
    use(browser, "bob")
    browser.view("keys", Story.project)
    browser.see(browser.t("error.project_not_found"), ".alert")


def an_invitation_is_declined_and_a_member_leaves(browser):
    use(browser, "ada")
    for _ in range(2):
        browser.press("invite")
        browser.type("email", BOB)
        browser.submit()
        browser.closed()
        browser.item(BOB)
        use(browser, "bob")
        browser.view("projects")
        if not _:
            browser.press("invitation.decline", "Engine")
            browser.submit()
            browser.closed()
            browser.gone("Engine")
            use(browser, "ada")
            browser.view("project", Story.project)
            assert not any(BOB in row.text for row in browser.all(".rows > li"))
    browser.press("invitation.accept", "Engine")
    browser.submit()
    browser.closed()
    browser.item("Engine")
    browser.view("project", Story.project)
    browser.press("leave")
    browser.submit()
    browser.closed()
    browser.see(browser.t("projects.text"))
    browser.gone("Engine")


TESTS = [
    a_project_is_made_and_renamed,
    members_are_invited_and_an_invitation_is_withdrawn,
    a_second_person_accepts_an_invitation,
    a_role_is_changed,
    the_last_owner_cannot_leave,
    a_member_is_removed_and_sees_the_project_no_more,
    an_invitation_is_declined_and_a_member_leaves,
]
