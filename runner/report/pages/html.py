"""What the HTML pages have in common: templates that escape, charts inside, a policy that lets nothing else in. Pure.

A page asks nothing of a network. What others have written (titles, logs, reasons) is escaped by the template, and by a
content security policy the browser runs and applies nothing but the script and the style of the page, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from runner.record.plaintext import plain
from runner.report.charts import palette


@cache
def template(name: str) -> Template:
    """A template of this package. A name that it is not given is an error."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        loader=FunctionLoader(file),
        finalize=_shown,
    )
    environment.filters["address"] = quote
    return environment.get_template(name)


def _shown(value: object) -> object:
    """Other people's words, line by line, without what is not printable; markup of ours as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(map(plain, value.split("\n")))


def file(name: str) -> str:
    """The text of a file beside the templates."""
    return resources.files("runner.report.pages").joinpath("templates", name).read_text(encoding="utf-8")


def style() -> str:
    """The style of all pages."""
    return palette.stylesheet() + "\n" + file("page.css")


def policy(style: str, script: str = "") -> str:
    """The content security policy of a page with this style and script, and nothing from elsewhere."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
