"""What the web server takes from the environment, and what it refuses to start with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflow import accounts
from workflow.errors import BadSetting, Reason
from workflow.settings import DEMO_SECRET, Settings
from workflow.store import Store

MAX_UPLOAD = 6 * 1024 * 1024


@dataclass(frozen=True)
class WebSettings:
    """`secure_cookies`: cookies only over https. `proxies`: how many of our own proxies stand before the server."""

    secure_cookies: bool
    proxies: int


def web_settings(settings: Settings, environ: Mapping[str, str] | None = None) -> WebSettings:
    """Read GREENCHANNEL_SECURE_COOKIES (yes/no; default yes, in the demonstration no) and GREENCHANNEL_PROXIES (0-5).

    Raises BadSetting with every faulty variable at once.
    """
    given = os.environ if environ is None else environ
    faults: list[Reason] = []
    secure = given.get("GREENCHANNEL_SECURE_COOKIES", "") or ("no" if settings.demo else "yes")
    if secure not in ("yes", "no"):
        text = f"GREENCHANNEL_SECURE_COOKIES 只能是 yes（只走 https）或 no，现在是“{secure}”。请改正后再启动。"
        faults.append(Reason(text))
    proxies = given.get("GREENCHANNEL_PROXIES", "") or "0"
    if proxies not in ("0", "1", "2", "3", "4", "5"):
        text = f"GREENCHANNEL_PROXIES 是前面有几层本局自己的代理，只能是 0 到 5，现在是“{proxies}”。请改正后再启动。"
        faults.append(Reason(text))
    if faults:
        raise BadSetting(faults)
    return WebSettings(secure == "yes", int(proxies))


def flask_config(settings: Settings, web: WebSettings) -> dict[str, Any]:
    """Flask's own settings. A `__Host-` cookie cannot be planted by a neighbouring host, but needs https."""
    return {
        "SECRET_KEY": settings.key("web-session"),
        "MAX_CONTENT_LENGTH": MAX_UPLOAD,
        "SESSION_COOKIE_NAME": "__Host-lvtong" if web.secure_cookies else "lvtong",
        "SESSION_COOKIE_SECURE": web.secure_cookies,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_PROTECTION": None,  # our own session rows decide, see web/sessions.py
        "WTF_CSRF_TIME_LIMIT": None,  # a form may lie open as long as the session lives
        "WTF_I18N_ENABLED": False,
    }


def refuse_demo(settings: Settings, store: Store) -> None:
    """Raise BadSetting where production would run on the demonstration's secret, accounts or figures."""
    if settings.demo:
        return
    faults: list[Reason] = []
    if settings.secret == DEMO_SECRET:
        faults.append(Reason("正式环境不能用演示密钥。请把 GREENCHANNEL_SECRET_KEY 换成本局自己的随机文字。"))
    with store.reading() as session:
        faults += accounts.demo_left(session)
    if faults:
        raise BadSetting(faults)
