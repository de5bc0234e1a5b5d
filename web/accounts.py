"""Account pages: one's own, and the administrator's list, new account, change, password, closing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from web.auth import current_actor, enter, leave, roles
from web.db import store
from web.nav import NavItem
from workflow import accounts
from workflow.errors import BadInput, NotFound, Reason
from workflow.models import Employer, Office, User

blueprint = Blueprint("accounts", __name__)
NAV = (NavItem("accounts.users", "账号管理", frozenset({"admin"})),)
Answer = Response | str | tuple[str, int]


# --- one's own -------------------------------------------------------------------------------------------------------


@blueprint.get("/account")
@roles(*accounts.ROLES)
def mine() -> Answer:
    """Who I am here, and a form for a new password."""
    return render_template("account_mine.html", faults=[])


@blueprint.post("/account")
@roles(*accounts.ROLES)
def change_my_password() -> Answer:
    """A new password for myself; every other session of mine ends."""
    old, new, again = (request.form.get(name, "") for name in ("old", "password", "again"))
    try:
        if new != again:
            raise BadInput(Reason("两次填写的新密码不一样，请重新填写。", field="again"))
        user = accounts.change_own_password(store(), current_actor(), old, new, request.remote_addr or "")
    except BadInput as error:
        return render_template("account_mine.html", faults=error.reasons), 400
    leave()
    enter(user)
    flash("密码已修改。您在别处的登录都已退出。")
    return redirect(url_for("accounts.mine"), 303)


# --- the administrator's ---------------------------------------------------------------------------------------------


@blueprint.get("/accounts")
@roles("admin")
def users() -> Answer:
    """All accounts of people, by office."""
    query = (
        select(User, Employer.name)
        .outerjoin(Employer, Employer.id == User.employer_id)
        .outerjoin(Office, Office.id == User.office_id)
        .where(~User.system)
        .order_by(Office.code, User.username)
    )
    with store().reading() as session:
        return render_template("accounts.html", rows=session.execute(query).all())


@blueprint.get("/accounts/new")
@roles("admin")
def new() -> Answer:
    """An empty form."""
    given = {"username": "", "name": "", "roles": [], "office_id": "", "employer": ""}
    return _form(None, given)


@blueprint.post("/accounts/new")
@roles("admin")
def create() -> Answer:
    """Open an account."""
    given = _given()
    try:
        user = accounts.create_user(
            store(),
            current_actor(),
            username=given["username"],
            password=request.form.get("password", ""),
            **_places(given),
        )
    except BadInput as error:
        return _form(None, given, error), 400
    flash(f"已开立账号 {user.username}（{user.name}）。请把密码当面告诉本人，并提醒他登录后自己改掉。")
    return redirect(url_for("accounts.users"), 303)


@blueprint.get("/accounts/<int:user_id>")
@roles("admin")
def edit(user_id: int) -> Answer:
    """One account with everything that can be changed."""
    user, standing = _standing(user_id)
    return _form(user, standing)


@blueprint.post("/accounts/<int:user_id>")
@roles("admin")
def change(user_id: int) -> Answer:
    """Other name, roles or office."""
    given = _given()
    try:
        user = accounts.change_user(store(), current_actor(), user_id, **_places(given))
    except BadInput as error:
        return _form_again(user_id, given, error)
    flash(f"已保存账号 {user.username}。他要重新登录才能继续办事。")
    return redirect(url_for("accounts.users"), 303)


@blueprint.post("/accounts/<int:user_id>/password")
@roles("admin")
def reset_password(user_id: int) -> Answer:
    """A new password for somebody who forgot his."""
    try:
        user = accounts.set_password(store(), current_actor(), user_id, request.form.get("password", ""))
    except BadInput as error:
        return _form_again(user_id, {}, error)
    flash(f"已重设 {user.username} 的密码。请当面告诉本人，并提醒他登录后自己改掉。")
    return redirect(url_for("accounts.users"), 303)


@blueprint.post("/accounts/<int:user_id>/active")
@roles("admin")
def switch(user_id: int) -> Answer:
    """Close an account or open it again."""
    act = accounts.activate if request.form.get("active") == "yes" else accounts.deactivate
    user = act(store(), current_actor(), user_id)
    flash(f"账号 {user.username} 已{'启用' if user.active else '停用，他的登录都已退出'}。")
    return redirect(url_for("accounts.users"), 303)


# --- forms -----------------------------------------------------------------------------------------------------------


def _given() -> dict[str, Any]:
    """What was typed, to be shown again as it was."""
    names = ("username", "name", "office_id", "employer")
    return {name: request.form.get(name, "").replace("\0", "").strip() for name in names} | {
        "roles": request.form.getlist("roles")
    }


def _places(given: dict[str, Any]) -> dict[str, Any]:
    """Name, roles, office and employer as the engine takes them; raises BadInput for an employer nobody knows."""
    number = given["office_id"]
    office = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None
    employer = None
    if given["employer"]:
        with store().reading() as session:
            employer = session.scalar(select(Employer.id).where(Employer.name == given["employer"]))
        if employer is None:
            text = f"企业台账里没有“{given['employer']}”。请填台账里的全称，或者先导入附件2。"
            raise BadInput(Reason(text, field="employer"))
    return {"name": given["name"], "roles": given["roles"], "office_id": office, "employer_id": employer}


def _standing(user_id: int) -> tuple[User, dict[str, Any]]:
    """The account and its form as it stands; raises NotFound."""
    with store().reading() as session:
        user = session.get(User, user_id)
        if user is None or user.system:
            raise NotFound("没有这个账号。请从账号列表里选。")
        employer = session.get(Employer, user.employer_id) if user.employer_id else None
        session.expunge_all()  # the end of a reading session empties what it still holds
    given = {"username": user.username, "name": user.name, "roles": user.roles, "office_id": str(user.office_id or ""),
             "employer": employer.name if employer else ""}  # fmt: skip
    return user, given


def _form_again(user_id: int, given: dict[str, Any], error: BadInput) -> Answer:
    """The same form with its faults; what was not typed stands as it was."""
    user, standing = _standing(user_id)
    return _form(user, standing | given | {"username": user.username}, error), 400


def _form(user: User | None, given: dict[str, Any], error: BadInput | None = None) -> str:
    with store().reading() as session:
        offices = session.execute(select(Office.id, Office.name).order_by(Office.code)).all()
    faults = error.reasons if error else ()
    choices = [("", "不属于机关"), *((str(o.id), o.name) for o in offices)]
    return render_template("account_form.html", user=user, given=given, faults=faults, offices=choices,
                           role_choices=list(accounts.ROLES.items()))  # fmt: skip
