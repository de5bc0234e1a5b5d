"""What every template may use: dates and money as people read them, form keys, who is signed in."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Flask, g
from jinja2 import StrictUndefined
from sqlalchemy import select

from web import auth, nav
from web.assets import static_url
from web.db import settings, store
from workflow import clock
from workflow.accounts import ROLES
from workflow.errors import Reason
from workflow.models import Office

WEEKDAYS = "一二三四五六日"
HOTLINE = "12333"


def day(value: date | None) -> str:
    """2026-01-15, for tables; '—' where there is none."""
    return value.isoformat() if value else "—"


def day_long(value: date | None) -> str:
    """2026年1月15日（星期四）, for sentences people act on."""
    if value is None:
        return "—"
    return f"{value.year}年{value.month}月{value.day}日（星期{WEEKDAYS[value.weekday()]}）"


def moment(value: datetime | None) -> str:
    """2026-01-15 09:30 in Asia/Shanghai."""
    return clock.local(value).strftime("%Y-%m-%d %H:%M") if value else "—"


def money(value: Decimal | None) -> str:
    """1,234.50 元; '—' where there is none."""
    return f"{value:,.2f} 元" if value is not None else "—"


def role_labels(roles: Iterable[str]) -> str:
    """窗口、承办人 in the order the roles are listed."""
    have = set(roles)
    return "、".join(label for role, label in ROLES.items() if role in have)


def fault_for(faults: Iterable[Reason], field: str) -> str:
    """The sentences about one field, '' where there is nothing wrong with it."""
    return "".join(f.sentence() for f in faults if f.field == field)


def form_key() -> str:
    """A new key for each form shown: submitting the same one twice acts once (`perform` claims it first)."""
    return secrets.token_urlsafe(24)


def helpline() -> dict[str, str]:
    """Whom to telephone, for public pages: the city's office (name, phone; '' where there is none) and the hotline."""
    office = None
    if not g.get("broken"):
        with store().reading() as session:
            office = session.execute(select(Office.name, Office.phone).where(Office.city)).first()
    return {"name": office.name if office else "", "phone": office.phone if office else "", "hotline": HOTLINE}


def _page() -> dict[str, Any]:
    """What base.html needs. After a breakdown nobody is signed in: asking might break again."""
    me = None if g.get("broken") else auth.signed_in()
    return {"me": me, "navigation": nav.items_for(me.actor) if me else [], "demo": settings().demo}


def init_app(app: Flask) -> None:
    """Filters, globals and strict templates: a name nobody gave is a breakdown, not an empty string."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    filters = (day, day_long, moment, money, role_labels, fault_for)
    app.jinja_env.filters.update({f.__name__: f for f in filters})
    app.jinja_env.globals.update(static_url=static_url, form_key=form_key, helpline=helpline, today=clock.today)
    app.context_processor(_page)
