"""Numbers in the texts of openapi.json and of /docs. A number that a setting changes is the setting's default, and the text
says that it is: "by default", or that the operator may have chosen another. Every other number is listed here as fixed.

The defaults are those of samples/latchkey.conf, which a unit test compares with the table of settings."""

import html.parser
import re

from document import DOCUMENT
from latchkey_tests.project import PROJECT

UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
NUMBERS = dict(zip("two three four five six seven eight nine ten".split(), range(2, 11))) | {
    "thirty": 30,
    "sixty": 60,
    "ninety": 90,
}
AMOUNT = re.compile(rf"\b(\d[\d,]*|{'|'.join(NUMBERS)})[ -](guess|attempt|digit|second|minute|hour|day|mail)(?:es|s)?\b", re.I)
# A setting by the unit of its number; durations are of any setting.
COUNTS = {"guess": "code_attempts", "attempt": "code_attempts", "digit": "code_length"}
ADMITS = re.compile(r"\bdefault\b|\bthe operator\b", re.I)

# Numbers that no setting changes: a part of the place in openapi.json, the number, and its unit.
FIXED = {
    ("createApiKey", 90, "day"),  # an example's own
    ("rotateApiKey", 30, "day"),  # the longest overlap
    ("addMember", 30, "day"),  # an invitation's life
    ("addMember", 5, "mail"),  # invitations to one address in a day
    ("jwks", 5, "minute"),  # how long verifiers keep the keys
    ("Code", 8, "digit"),
    ("Code", 16, "digit"),  # codes of app reviewers
}


def defaults():
    """The default of every setting that has one."""
    with open(f"{PROJECT}/samples/latchkey.conf", encoding="utf-8") as file:
        return dict(re.findall(r"^#(\w+) = (.+)$", file.read(), re.M))


def spoken(value):
    """How a text may say the default `value`."""
    found = re.fullmatch(r"(\d+)([smhd]?)", value)
    if not found:
        return {value}
    number, unit = int(found[1]), found[2]
    if not unit:
        return {str(number)}
    seconds = number * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    return {
        f"{seconds // size} {name}{'s' if seconds != size else ''}"
        for name, size in (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400))
        if seconds % size == 0
    }


def amounts(text):
    """(number, unit, sentence) of what `text` counts."""
    for sentence in re.split(r"(?<=[.;:])\s+", text):
        for number, unit in AMOUNT.findall(sentence):
            number = NUMBERS.get(number.lower()) or int(number.replace(",", ""))
            yield number, unit.lower(), sentence


def texts(value, place=""):
    """(place, text) of every description and summary. An operation's place has its id."""
    if isinstance(value, dict):
        place = f"{place}/{value['operationId']}" if "operationId" in value else place
        for key, inner in value.items():
            if key in ("description", "summary") and isinstance(inner, str):
                yield place, inner
            elif key not in ("value", "example"):
                yield from texts(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, place)


def fault(place, number, unit, sentence, known):
    """What is wrong with a number of a text; None if nothing is."""
    if any(part in place.split("/") and (number, unit) == (n, u) for part, n, u in FIXED):
        return None
    if unit in COUNTS:
        fits = known[COUNTS[unit]] == str(number)
    else:
        plural = f"{number} {unit}{'s' if number != 1 else ''}"
        fits = any(plural in spoken(value) for value in known.values() if re.fullmatch(r"\d+[smhd]", value))
    if not fits:
        return f"{place}: no setting has {number} {unit} as its default: {sentence}"
    return None if ADMITS.search(sentence) else f"{place}: a setting changes this, and the text does not say so: {sentence}"


class Tasks(html.parser.HTMLParser):
    """docs.html: what `data-setting` marks, with its paragraph; and the prose without that."""

    def __init__(self):
        super().__init__()
        self.marked, self.prose = [], ""
        self.setting, self.skipped, self.paragraph, self.pending = None, 0, "", []
        with open(f"{PROJECT}/public/docs.html", encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "p":
            self.paragraph = ""
        self.skipped += tag in ("pre", "code")
        if "data-setting" in values:
            self.setting = values["data-setting"]

    def handle_data(self, data):
        self.paragraph += data
        if self.setting:
            self.pending.append((self.setting, data))
        elif not self.skipped:
            self.prose += data

    def handle_endtag(self, tag):
        self.skipped -= tag in ("pre", "code")
        if tag == "span":
            self.setting = None
        if tag == "p":
            self.marked += [(key, text, " ".join(self.paragraph.split())) for key, text in self.pending]
            self.pending = []


def run(results):
    check, known = results.check, defaults()
    check("samples/latchkey.conf has defaults", [] if len(known) > 20 else known)
    for place, text in texts(DOCUMENT):
        found = [fault(place, number, unit, sentence, known) for number, unit, sentence in amounts(text)]
        check(f"numbers in openapi.json at {place}", [one for one in found if one])
    tasks = Tasks()
    check("the tasks of /docs name defaults", [] if len(tasks.marked) >= 5 else tasks.marked)
    for key, text, paragraph in tasks.marked:
        found = [] if key in known and text in spoken(known[key]) else [f"it says {text}, the default is {known.get(key)}"]
        found += [] if "default" in paragraph else [f"it is not said to be a default: {paragraph}"]
        check(f"the tasks of /docs: {key}", found)
    # The code of the sample, and a name of an algorithm.
    others = re.findall(r"\S*\d\S*", re.sub(r"\b123456\b|\bES256\b", "", tasks.prose))
    check("the tasks of /docs have no other numbers", others)
