"""Every answer that is not a page somebody asked for, in Chinese sentences with the cure."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Flask, current_app, g, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from workflow import clock
from workflow.errors import Conflict, NotFound, Stopped

TITLES = {400: "提交的内容有问题", 403: "没有权限", 409: "现在不能办"}
NOT_FOUND = ("没有这一页", "没有这一页，或者它不归您查看。请核对网址或编号，也可以从首页重新进入。")
PLAIN = {
    400: ("提交的内容有问题", "系统看不懂这次提交的内容。请返回上一页，刷新后重新填写。"),
    401: ("请先登录", "请先登录，再打开这一页。"),
    403: ("没有权限", "您的账号没有查看这一页的权限。如果工作需要，请找本局管理员开通。"),
    404: NOT_FOUND,
    405: ("不能这样打开", "这个网址不能这样打开。请从首页或上一页的按钮进入。"),
    413: ("文件太大", "提交的内容超过 6 MB。请把文件压缩或拆开后再上传。"),
    429: ("请稍后再试", "尝试的次数太多。请过 15 分钟再试。"),
}
STALE = ("页面已过期", "这一页放得太久，或者浏览器没有保存登录信息（Cookie）。请返回上一页，刷新后重新提交。")
BROKEN = "系统出了故障，这次没有办成，也没有保存任何内容。请稍后再试；还不行，请把出错编号 {} 告诉管理员。"


def init_app(app: Flask) -> None:
    app.register_error_handler(Stopped, stopped)
    app.register_error_handler(CSRFError, stale)
    app.register_error_handler(HTTPException, plain)
    app.register_error_handler(InternalServerError, broken)


def stopped(error: Stopped) -> tuple[str, int]:
    """The engine's own answer. What is foreign looks exactly like what does not exist, whatever the reason says."""
    if isinstance(error, NotFound):
        return page(*NOT_FOUND), 404
    title = "别人刚刚改过" if isinstance(error, Conflict) else TITLES.get(error.status, "现在不能办")
    changes = [_change(c) for c in error.changes] if isinstance(error, Conflict) else []
    text = render_template("error.html", title=title, sentences=error.sentences(), changes=changes)
    return text, error.status


def _change(change: Mapping[str, Any]) -> str:
    """One line of what somebody else did: when, who, what, and what it is now."""
    when = clock.local(datetime.fromisoformat(change["at"])).strftime("%Y-%m-%d %H:%M")
    now = f"，现在是“{change['state']}”" if change.get("state") else ""
    return f"{when} {change['actor']} {change['label']}{now}"


def stale(error: CSRFError) -> tuple[str, int]:
    return page(*STALE), 400


def plain(error: HTTPException) -> Response:
    """The framework's answers (404, 405, 413, …) with their headers kept, in our words."""
    code = error.code or 500
    response = error.get_response()
    response.set_data(page(*PLAIN.get(code, (f"出错（{code}）", "这次没有办成。请返回上一页再试。"))))
    response.content_type = "text/html; charset=utf-8"
    return response


def broken(error: InternalServerError) -> tuple[str, int]:
    """A breakdown: nothing of it is shown but a number that stands in the log. The database may be what broke."""
    number = secrets.token_hex(4)
    current_app.logger.error("breakdown %s", number)
    g.broken = True
    return page("系统故障", BROKEN.format(number)), 500


def page(title: str, sentence: str) -> str:
    return render_template("error.html", title=title, sentences=[sentence])
