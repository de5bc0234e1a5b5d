"""Our own static files under addresses that change with their content, so browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import url_for

FOLDER = Path(__file__).parent / "static"


@cache
def version(filename: str) -> str:
    """The first twelve hex digits of the file's SHA-256, '' for no such file; read once per process."""
    path = (FOLDER / filename).resolve()
    if not path.is_relative_to(FOLDER) or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def static_url(filename: str) -> str:
    """The address of a static file in a page; raises LookupError for a file that is not there."""
    if not version(filename):
        raise LookupError(f"web/static/{filename} is not there")
    return url_for("static", filename=filename, v=version(filename))
