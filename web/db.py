"""The database of the running application."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app
from werkzeug.routing import IntegerConverter

from workflow.settings import Settings
from workflow.store import Store

_KEY = "greenchannel-store"
_LARGEST = 2**63 - 1


class RowNumber(IntegerConverter):
    """`<int:…>` in an address: a number no database can hold is no page, not a breakdown."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"max": _LARGEST, **more})


def init_app(app: Flask, store: Store) -> None:
    """Tie the store to the application; before the blueprints, whose addresses hold numbers of rows."""
    app.url_map.converters["int"] = RowNumber
    app.extensions[_KEY] = store


def store() -> Store:
    """The store of the application that answers this request: `with store().reading() as session: ...`"""
    found: Store = current_app.extensions[_KEY]
    return found


def settings() -> Settings:
    """The settings of the application that answers this request."""
    return store().settings
