"""The files themselves: their size, their words, and what they must not contain."""

import glob
import json
import os
import re

from browser import LANGUAGES
from latchkey_tests.project import PROJECT, PUBLIC

MOST_BYTES = 80_000


def read(name):
    with open(os.path.join(PUBLIC, name), encoding="utf-8") as file:
        return file.read()


def scripts():
    """The console's scripts: those that index.html loads, and their imports."""
    names = re.findall(r'src="(\w+\.js)"', read("index.html"))
    for name in names:
        names += [other for other in re.findall(r'from "\./(\w+\.js)"', read(name)) if other not in names]
    return names


def words(code):
    pairs = json.loads(read(f"languages/{code}.json"), object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"{code} has a key twice"
    return dict(pairs)


def the_page_its_scripts_and_the_largest_language_are_under_80_kB(_):
    names = ["index.html", "style.css", *scripts()]
    size = sum(os.path.getsize(os.path.join(PUBLIC, name)) for name in names)
    size += max(os.path.getsize(path) for path in glob.glob(f"{PUBLIC}/languages/*.json"))
    print(f"    {size} bytes")
    assert size < MOST_BYTES, size


def all_languages_have_the_same_keys_and_places(_):
    first = words("en")
    for code in LANGUAGES:
        these = words(code)
        assert list(these) == list(first), f"{code}: {set(these) ^ set(first)}"
        for key, text in these.items():
            assert isinstance(text, str) and text.strip() == text and text, f"{code}: {key}"
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", first[key])), f"{code}: {key}"
            assert "<" not in text, f"{code}: {key}"


def every_key_is_used_and_every_used_key_is_there(_):
    text = "".join(read(name) for name in scripts())
    literals = set(re.findall(r'["`]([a-z_]+(?:\.[a-z_]+)*)["`]', text))
    codes = set()
    for path in glob.glob(f"{PROJECT}/Sources/API/*.swift"):
        with open(path, encoding="utf-8") as file:
            codes |= set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', file.read()))
    codes |= {"offline"}
    # From the endpoints of projects.
    codes |= {"member_not_found", "invitation_not_found", "insufficient_role", "already_member", "last_owner", "code_exhausted"}
    # How the scripts build keys.
    families = {"nav": literals, "role": {"owner", "admin", "member", "invited"}, "error": codes}
    known = words("en")
    for key in known:
        start, _, rest = key.partition(".")
        stem = re.sub(r"\.(text|hint|empty|about)$", "", key)
        used = key in literals or (stem in literals and stem != key)
        used = used or (start in families and rest in families[start])
        assert used, f"{key} is not used"
    for key in re.findall(r'\b(?:t|act|facts|section)\("([^"]+)"', text):
        assert key in known, f"{key} is missing"


def no_script_makes_markup_or_style_from_text(_):
    for name in ["index.html", *scripts()]:
        text = read(name)
        for bad in (
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            ".style",
            "style=",
            'onclick="',
            "window.localStorage",
            "window.sessionStorage",
            "setInterval",
            "http://localhost",
        ):
            assert bad not in text, f"{bad} in {name}"
    assert not re.search(r"<script(?![^>]*\bsrc=)", read("index.html"))


def every_delay_and_every_request_is_bounded(_):
    for name in scripts():
        text = read(name)
        # One function caps delays: setTimeout takes 31 bits.
        assert len(re.findall(r"setTimeout\(", text)) == (1 if name == "api.js" else 0), name
        for call in re.findall(r"\bfetch\((.*?)\);", text, re.S):
            assert "AbortSignal.timeout" in call, f"{name}: a fetch that may never end: {call}"


TESTS = [
    every_delay_and_every_request_is_bounded,
    the_page_its_scripts_and_the_largest_language_are_under_80_kB,
    all_languages_have_the_same_keys_and_places,
    every_key_is_used_and_every_used_key_is_there,
    no_script_makes_markup_or_style_from_text,
]
