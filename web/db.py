"""The database of the running application."""

from __future__ import annotations

from flask import Flask, current_app

from workflow.settings import Settings
from workflow.store import Store

_KEY = "greenchannel-store"


def init_app(app: Flask, store: Store) -> None:
    """Tie the store to the application."""
    app.extensions[_KEY] = store


def store() -> Store:
    """The store of the application that answers this request: `with store().reading() as session: ...`"""
    found: Store = current_app.extensions[_KEY]
    return found


def settings() -> Settings:
    """The settings of the application that answers this request."""
    return store().settings
