"""Checks of a page in Chromium, for the console and for /docs: the Tab key, and the names of controls. `driver` is
selenium's."""

from selenium.webdriver.common.keys import Keys

FOCUSABLE = """
const scope = document.querySelector("dialog[open]") ?? document.body;
return [...scope.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((node) => node.checkVisibility({ checkVisibilityCSS: true }) && !node.disabled && node.tabIndex >= 0);
"""
# The width of the focus ring in pixels, 0 if there is no ring.
RING = """
const style = getComputedStyle(document.activeElement);
return style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
"""
NAMED_ROLES = set(
    "button checkbox combobox dialog heading link listbox navigation region searchbox tab tablist tabpanel textbox".split()
)


def rewind(driver):
    """Moves the focus before the first element."""
    driver.execute_script("const b = document.body; b.tabIndex = -1; b.focus(); b.removeAttribute('tabindex'); scrollTo(0, 0)")


def tabbed(driver):
    """Tabs through the page from its start: controls not reached, out of order, or without visible focus."""
    wanted = driver.execute_script(FOCUSABLE)
    rewind(driver)
    faults, order = [], []
    for _ in range(len(wanted) + 3):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        node = driver.switch_to.active_element
        if node.tag_name == "body" or (order and node == order[0]):
            break
        order.append(node)
        if driver.execute_script(RING) < 2:
            faults.append(f"no ring: {node.get_attribute('outerHTML')[:100]}")
    if order != wanted:
        missing = [node.get_attribute("outerHTML")[:100] for node in wanted if node not in order]
        faults.append(f"reached {len(order)} of {len(wanted)}; not {missing[:3]}")
    return faults


def unnamed(driver):
    """The roles of controls without a name in Chromium's own accessibility tree."""
    found = []
    for node in driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]:
        role = node.get("role", {}).get("value")
        if not node.get("ignored") and role in NAMED_ROLES and not node.get("name", {}).get("value", "").strip():
            found.append(role)
    return found
