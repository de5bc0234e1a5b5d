"""Signing in and out, and the guard before every page: nothing is open that is not marked open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import flask_login
from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from web import sessions
from web.db import settings, store
from web.nav import home_of
from web.sessions import SignedIn
from workflow import accounts
from workflow.errors import Forbidden, Reason
from workflow.models import User
from workflow.situation import Actor

View = TypeVar("View", bound=Callable[..., Any])
Answer = Response | str | tuple[str, int]

blueprint = Blueprint("auth", __name__)
PUBLIC = "public"
_MARK = "greenchannel_access"
NO_LUCK = (
    "没能登录：用户名或密码不对，或者尝试次数太多。请核对后再试；多次不成功就等 15 分钟，忘记密码请找本局管理员重设。"
)
EXPIRED = "登录已过期（15 分钟没有操作，或者账号有变动），请重新登录。"


# --- marks -----------------------------------------------------------------------------------------------------------


def public(view: View) -> View:
    """Mark a view as open to everybody. Put it below the route decorator."""
    setattr(view, _MARK, PUBLIC)
    return view


def roles(*names: str) -> Callable[[View], View]:
    """Mark a view as open to accounts with one of these roles only. Put it below the route decorator."""
    if not names or set(names) - set(accounts.ROLES):
        raise RuntimeError(f"roles(...) needs keys of workflow.accounts.ROLES, not {names!r}")

    def mark(view: View) -> View:
        setattr(view, _MARK, frozenset(names))
        return view

    return mark


def access_of(app: Flask, endpoint: str) -> str | frozenset[str] | None:
    """PUBLIC, the roles let in, or None for a view nobody marked."""
    return cast("str | frozenset[str] | None", getattr(app.view_functions.get(endpoint), _MARK, None))


def require_marks(app: Flask) -> None:
    """Raise RuntimeError naming every view without a mark: such an application must not start."""
    unmarked = sorted(endpoint for endpoint in app.view_functions if access_of(app, endpoint) is None)
    if unmarked:
        raise RuntimeError(f"views without @public or @roles(...): {', '.join(unmarked)}")


# --- who is there ----------------------------------------------------------------------------------------------------


def signed_in() -> SignedIn | None:
    """Who sends this request, None for anonymous."""
    user = flask_login.current_user._get_current_object()
    return user if isinstance(user, SignedIn) else None


def current_actor() -> Actor:
    """The account behind this request as the engine knows it; for views with @roles(...) only."""
    user = signed_in()
    if user is None:
        raise RuntimeError("current_actor() in a view that lets everybody in")
    return user.actor


def init_app(app: Flask) -> None:
    """Put the guard before everything else and tie Flask-Login to the session rows."""
    manager = flask_login.LoginManager()
    manager.session_protection = None
    manager.user_loader(lambda token: sessions.find(store(), token))
    manager.init_app(app, add_context_processor=False)  # it would ask the database even on the page of a breakdown
    public(app.view_functions["static"])
    app.before_request(_guard)
    app.register_blueprint(blueprint)


def _guard() -> Answer | None:
    if request.endpoint is None:
        return None  # no such page: 404 or 405, decided by the router
    access = access_of(current_app, request.endpoint)
    if access is None:
        abort(404)
    if access == PUBLIC:
        return None
    user = signed_in()
    if user is None:
        return _ask_to_sign_in()
    if not user.actor.roles & frozenset(access):
        raise Forbidden("您的账号没有办这件事的权限。如果工作需要，请找本局管理员开通。")
    return None


def _ask_to_sign_in() -> Answer:
    expired = session.pop("_user_id", None) is not None
    if request.method not in ("GET", "HEAD"):
        text = "登录已过期，刚才提交的内容没有保存。请重新登录后再办一次。" if expired else "请先登录，再办这件事。"
        return render_template("error.html", title="请先登录", sentences=[text], sign_in=True), 401
    if expired:
        flash(EXPIRED)
    return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))


# --- pages -----------------------------------------------------------------------------------------------------------


@blueprint.get("/login")
@public
def login() -> Answer:
    """The sign-in page; whoever is signed in already goes on to his first page."""
    user = signed_in()
    if user is not None:
        return redirect(_onward(request.args.get("next", ""), user.actor))
    return _login_page(request.args.get("next", ""))


@blueprint.post("/login")
@public
def sign_in() -> Answer:
    """Check name and password, throw away the old session and begin a new one."""
    username, password = request.form.get("username", ""), request.form.get("password", "")
    onward, address = request.form.get("next", ""), request.remote_addr or ""
    user = accounts.authenticate(store(), username, password, address)
    if user is None:
        faults = [Reason(NO_LUCK, field="username")]
        return _login_page(onward, username, faults), 401
    leave()
    signed = enter(user)
    return redirect(_onward(onward, signed.actor), 303)


@blueprint.post("/logout")
@public
def logout() -> Answer:
    """End the session on the server, not only in this browser."""
    leave()
    flash("您已退出。用完公用电脑请关上浏览器。")
    return redirect(url_for("auth.login"), 303)


def enter(user: User) -> SignedIn:
    """Begin a session row for an authenticated account and tie this browser to it."""
    signed = sessions.begin(store(), user, request.remote_addr or "")
    flask_login.login_user(signed)
    return signed


def leave() -> None:
    """End the session this browser carries, on the server too, and forget everything in its cookie."""
    token = session.get("_user_id")
    if token:
        sessions.end(store(), token)
    flask_login.logout_user()
    session.clear()


def _login_page(onward: str, username: str = "", faults: list[Reason] | None = None) -> str:
    demo = accounts.DEMO_ACCOUNTS if settings().demo else ()
    return render_template("login.html", next=onward, username=username, faults=faults or [], demo_accounts=demo)


def _onward(wanted: str, actor: Actor) -> str:
    """Where to go after signing in: the page asked for, if it is one of ours, else the first page of the roles."""
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if ours and wanted.isprintable() else home_of(actor)
