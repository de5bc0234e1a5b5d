"""The main navigation: each blueprint's module says in `NAV` which pages stand in it and for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Flask, current_app, url_for

from workflow.situation import Actor

_KEY = "greenchannel-nav"


@dataclass(frozen=True)
class NavItem:
    """One entry: the endpoint it leads to (no arguments), its Chinese label, the roles that see it."""

    endpoint: str
    label: str
    roles: frozenset[str]


def init_app(app: Flask, items: Iterable[NavItem]) -> None:
    """Keep the entries in the order given; RuntimeError for one that leads nowhere."""
    kept = tuple(items)
    lost = [item.endpoint for item in kept if item.endpoint not in app.view_functions]
    if lost:
        raise RuntimeError(f"navigation entries without a page: {', '.join(lost)}")
    app.extensions[_KEY] = kept


def items_for(actor: Actor) -> list[NavItem]:
    """What this account sees in the navigation."""
    items: tuple[NavItem, ...] = current_app.extensions[_KEY]
    return [item for item in items if item.roles & actor.roles]


def home_of(actor: Actor) -> str:
    """The first page of this account: the first entry it sees, else its own account page."""
    items = items_for(actor)
    return url_for(items[0].endpoint) if items else url_for("accounts.mine")
