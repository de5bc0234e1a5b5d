"""Accounts: who may sign in, with which roles, for which office. Every change stands on the system's audit chain."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workflow import attempts, audit
from workflow.attempts import Counted, Limit
from workflow.errors import BadInput, Forbidden, NotFound, Reason
from workflow.models import Employer, LocalFigure, Meta, Office, User
from workflow.situation import Actor
from workflow.store import Store

# Keys of states.yaml `people` that sign in (职工, 近亲属, 工会 have no account), plus the two of the house itself.
ROLES = {
    "desk": "一站式窗口", "officer": "承办人", "approver": "审批人", "appraisal_office": "鉴定委办公室",
    "committee": "劳动能力鉴定委员会", "agency": "经办机构", "agency_reviewer": "经办机构复核人",
    "agency_head": "经办机构审批人", "finance": "经办机构财务", "supervisor": "督办人", "auditor": "审计人员",
    "admin": "管理员", "employer": "用人单位",
}  # fmt: skip
STAFF = tuple(role for role in ROLES if role != "employer")

# OWASP's minimum for argon2id: 19 MiB, two passes, one lane. Tests put a cheaper one here.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
PER_ACCOUNT = Limit(10, 15 * 60)
PER_ADDRESS = Limit(60, 15 * 60)  # a whole hall sits behind one address; successes are given back
SHORTEST, LONGEST = 10, 128
_COMMON = (
    "1234567890 12345678910 0123456789 0987654321 1111111111 0000000000 8888888888 6666666666 1122334455 1231231231"
    " 1212121212 1234512345 123456789a a123456789 abc1234567 abcd123456 abcdefghij 1q2w3e4r5t 1qaz2wsx3edc q1w2e3r4t5"
    " qwertyuiop qwerty1234 qwerty12345 qwerty123456 asdfghjkl1 asdfghjkl; zxcvbnm123 password12 password123"
    " password1234 passw0rd123 p@ssw0rd123 administrator admin12345 admin123456 admin@12345 woaini1314 woaini5201314"
    " woaini520520 5201314520 iloveyou123 letmein123 welcome123 welcome1234 changeme123 greenchannel greenchannel1"
)
COMMON = frozenset(_COMMON.split())
_USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,23}")


# --- signing in ------------------------------------------------------------------------------------------------------


def authenticate(store: Store, username: str, password: str, address: str) -> User | None:
    """The active account with this name and password, or None.

    None says nothing about why: unknown, inactive, wrong and tried too often are one answer, and an unknown name takes
    as long as a wrong password. Tries are counted per account and per address. A hash made with older costs is
    renewed. Hashing stands outside every transaction.
    """
    name = normal(username).replace("\0", "").strip().lower()  # PostgreSQL breaks on a NUL where it should find nothing
    account = Counted(attempts.key_for(store.settings, "login-account", name), PER_ACCOUNT)
    place = Counted(attempts.key_for(store.settings, "login-address", address), PER_ADDRESS)
    if len(password) > LONGEST or not attempts.allowed(store, account, place):
        return None
    with store.reading() as session:
        user = session.scalar(select(User).where(User.username == name))
        session.expunge_all()  # the end of a reading session empties what it still holds
    usable = user is not None and user.active and not user.system and bool(user.password_hash)
    fits = _verify(user.password_hash if user is not None and usable else _nobodys_hash(HASHER), password)
    if user is None or not usable or not fits:
        return None
    attempts.forgive(store, clear=[account], give_back=[place])
    _renew(store, user, password)
    return user


def normal(text: str) -> str:
    """Full-width letters and digits of a Chinese keyboard are the same as narrow ones."""
    return unicodedata.normalize("NFKC", text)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, normal(password))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash(hasher: PasswordHasher) -> str:
    return hasher.hash("nobody has this password")


def _renew(store: Store, user: User, password: str) -> None:
    if not HASHER.check_needs_rehash(user.password_hash):
        return
    new = HASHER.hash(normal(password))
    with store.writing() as session:  # only if nobody set another password meanwhile
        same = (User.id == user.id, User.password_hash == user.password_hash)
        session.execute(update(User).where(*same).values(password_hash=new))


def actor_of(user: User) -> Actor:
    """The account as the engine knows it; read from the database at every request, so a change holds at once."""
    return Actor(
        id=user.id, username=user.username, name=user.name, roles=frozenset(user.roles), office_id=user.office_id,
        city=bool(user.office and user.office.city), employer_id=user.employer_id, system=user.system,
    )  # fmt: skip


# --- keeping accounts ------------------------------------------------------------------------------------------------


def create_user(store: Store, actor: Actor, *, username: str, name: str, roles: Collection[str], password: str,
                office_id: int | None = None, employer_id: int | None = None, demo: bool = False) -> User:  # fmt: skip
    """A new account. Raises Forbidden (actor is neither administrator nor system) or BadInput with every fault."""
    _require_admin(actor)
    username, name = normal(username).strip().lower(), normal(name).strip()
    faults = _name_faults(username, name) + password_faults(password, username)
    faults += _role_faults(roles, office_id, employer_id)
    if faults:
        raise BadInput(faults)
    secret = HASHER.hash(normal(password))
    user = User(username=username, name=name, password_hash=secret, roles=sorted(roles), office_id=office_id,
                employer_id=employer_id, demo=demo, active=True, epoch=1)  # fmt: skip
    try:
        with store.writing() as session:
            _require_places(session, office_id, employer_id)
            session.add(user)
            session.flush()
            session.refresh(user)
            _record(session, actor, user, "created", "开立账号", **_standing(user))
    except IntegrityError as error:
        if not _taken(store, username):
            raise
        text = f"用户名“{username}”已经有人用了，请换一个。"
        raise BadInput(Reason(text, field="username")) from error
    return user


def _taken(store: Store, username: str) -> bool:
    with store.reading() as session:
        return session.scalar(select(User.id).where(User.username == username)) is not None


def change_user(store: Store, actor: Actor, user_id: int, *, name: str, roles: Collection[str],
                office_id: int | None = None, employer_id: int | None = None) -> User:  # fmt: skip
    """Another name, other roles, another office; all sessions of the account end. Raises as `create_user`, NotFound."""
    _require_admin(actor)
    name = normal(name).strip()
    with store.writing() as session:
        user = _get(session, user_id)
        faults = _name_faults(user.username, name) + _role_faults(roles, office_id, employer_id)
        if user.id == actor.id and "admin" not in roles:
            faults.append(Reason("不能取消自己的管理员身份，请由另一位管理员来改。", field="roles"))
        if faults:
            raise BadInput(faults)
        _require_places(session, office_id, employer_id)
        before = _standing(user)
        user.name, user.roles, user.office_id, user.employer_id = name, sorted(roles), office_id, employer_id
        user.epoch += 1
        session.flush()
        session.refresh(user)
        _record(session, actor, user, "changed", "变更账号", before=before, after=_standing(user))
    return user


def set_password(store: Store, actor: Actor, user_id: int, password: str) -> User:
    """A new password, by an administrator or the person itself; all sessions of the account end.

    Raises Forbidden, NotFound, BadInput (field `password`).
    """
    if actor.id != user_id:
        _require_admin(actor)
    with store.reading() as session:
        username = _get(session, user_id, lock=False).username
    if faults := password_faults(password, username):
        raise BadInput(faults)
    secret = HASHER.hash(normal(password))
    with store.writing() as session:
        user = _get(session, user_id)
        user.password_hash = secret
        user.epoch += 1
        _record(session, actor, user, "password-set", "重设密码")
    return user


def change_own_password(store: Store, actor: Actor, old: str, new: str, address: str) -> User:
    """The person's own change: the present password is asked for, and guessing it is counted like signing in."""
    if authenticate(store, actor.username, old, address) is None:
        text = "现在的密码不对，或者尝试次数太多。请核对后再试，忘记了就请管理员重设。"
        raise BadInput(Reason(text, field="old"))
    return set_password(store, actor, actor.id, new)


def deactivate(store: Store, actor: Actor, user_id: int) -> User:
    """Close an account: nobody signs in with it any more and all its sessions end. Raises Forbidden, NotFound."""
    return _switch(store, actor, user_id, active=False)


def activate(store: Store, actor: Actor, user_id: int) -> User:
    """Open a closed account again. Raises Forbidden, NotFound."""
    return _switch(store, actor, user_id, active=True)


def _switch(store: Store, actor: Actor, user_id: int, *, active: bool) -> User:
    _require_admin(actor)
    if user_id == actor.id and not active:
        raise BadInput("不能停用自己的账号，请由另一位管理员来办。")
    with store.writing() as session:
        user = _get(session, user_id)
        if user.active != active:
            user.active = active
            user.epoch += 1
            kind, label = ("activated", "启用账号") if active else ("deactivated", "停用账号")
            _record(session, actor, user, kind, label)
    return user


def _get(session: Session, user_id: int, lock: bool = True) -> User:
    user = session.get(User, user_id, with_for_update={"of": User} if lock else None)
    if user is None or user.system:
        raise NotFound("没有这个账号。请从账号列表里选。")
    return user


def _standing(user: User) -> dict[str, Any]:
    """What an auditor wants to know of an account; never the hash."""
    return {"name": user.name, "roles": list(user.roles), "office_id": user.office_id, "employer_id": user.employer_id,
            "demo": user.demo}  # fmt: skip


def _record(session: Session, actor: Actor, user: User, kind: str, label: str, **more: Any) -> None:
    payload = {"user_id": user.id, "username": user.username, **more}
    audit.record(session, actor, kind=f"user:{kind}", payload=payload, label=label)


# --- what is asked of an account -------------------------------------------------------------------------------------


def password_faults(password: str, username: str) -> list[Reason]:
    """Long enough, not the user name, not one everybody tries first; nothing else."""
    typed = normal(password)
    if len(typed) < SHORTEST:
        text = f"密码太短：至少 {SHORTEST} 个字符，可以是几个词连起来的一句话。"
    elif len(typed) > LONGEST:
        text = f"密码太长：最多 {LONGEST} 个字符。"
    elif typed.lower() == username.lower():
        text = "密码不能和用户名一样，请另想一个。"
    elif typed.lower() in COMMON:
        text = "这个密码太常见，很容易被猜到，请另想一个。"
    else:
        return []
    return [Reason(text, field="password")]


def _name_faults(username: str, name: str) -> list[Reason]:
    faults = []
    if not _USERNAME.fullmatch(username):
        text = "用户名要用 2 到 24 个小写字母、数字、点或横线，以字母开头，例如 qianqi-desk。"
        faults.append(Reason(text, field="username"))
    if not name or len(name) > 30 or any(unicodedata.category(c).startswith("C") for c in name):
        faults.append(Reason("请填写姓名，最多 30 个字。", field="name"))
    return faults


def _role_faults(roles: Collection[str], office_id: int | None, employer_id: int | None) -> list[Reason]:
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        text = f"没有“{'、'.join(unknown)}”这种身份。可以选：{'、'.join(ROLES.values())}。"
        return [Reason(text, field="roles")]
    if not roles:
        return [Reason("请至少选一种身份。", field="roles")]
    if "employer" in roles:
        return _employer_faults(roles, office_id, employer_id)
    faults = []
    if office_id is None:
        faults.append(Reason("请选择所在的机关。", field="office_id"))
    if employer_id is not None:
        faults.append(Reason("工作人员的账号不能挂在用人单位名下，请不要填单位。", field="employer"))
    return faults


def _employer_faults(roles: Collection[str], office_id: int | None, employer_id: int | None) -> list[Reason]:
    faults = []
    if len(set(roles)) > 1:
        faults.append(Reason("用人单位的账号不能再有别的身份，请只选“用人单位”。", field="roles"))
    if employer_id is None:
        faults.append(Reason("请填写账号属于哪个用人单位，要和企业台账里的名称一致。", field="employer"))
    if office_id is not None:
        faults.append(Reason("用人单位的账号不属于任何机关，请不要选机关。", field="office_id"))
    return faults


def _require_admin(actor: Actor) -> None:
    if not actor.system and "admin" not in actor.roles:
        raise Forbidden("只有管理员能管理账号。请找本局管理员。")


def _require_places(session: Session, office_id: int | None, employer_id: int | None) -> None:
    if office_id is not None and session.get(Office, office_id) is None:
        raise BadInput(Reason("没有这个机关，请从列表里选。", field="office_id"))
    if employer_id is not None and session.get(Employer, employer_id) is None:
        raise BadInput(Reason("没有这个用人单位，请先导入附件2。", field="employer"))


# --- the demonstration's accounts -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DemoAccount:
    """One account of the demonstration; `office` is a code of Office, empty for the employer's account."""

    username: str
    name: str
    roles: tuple[str, ...]
    office: str = ""
    password: str = "lvtong-yanshi-2026"


DEMO_ACCOUNTS = (
    DemoAccount("qianqi-desk", "前旗窗口（演示）", ("desk",), "150823"),
    DemoAccount("qianqi-officer", "前旗承办（演示）", ("officer",), "150823"),
    DemoAccount("qianqi-approver", "前旗审批（演示）", ("approver",), "150823"),
    DemoAccount("linhe-desk", "临河窗口（演示）", ("desk",), "150802"),
    DemoAccount("linhe-officer", "临河承办（演示）", ("officer",), "150802"),
    DemoAccount("linhe-approver", "临河审批（演示）", ("approver",), "150802"),
    DemoAccount("city-appraisal", "市鉴定办（演示）", ("appraisal_office",), "150800"),
    DemoAccount("city-committee", "市鉴定委（演示）", ("committee",), "150800"),
    DemoAccount("city-agency", "市经办（演示）", ("agency",), "150800"),
    DemoAccount("city-reviewer", "市经办复核（演示）", ("agency_reviewer",), "150800"),
    DemoAccount("city-head", "市经办审批（演示）", ("agency_head",), "150800"),
    DemoAccount("city-finance", "市经办财务（演示）", ("finance",), "150800"),
    DemoAccount("city-supervisor", "市督办（演示）", ("supervisor",), "150800"),
    DemoAccount("city-auditor", "市审计（演示）", ("auditor",), "150800"),
    DemoAccount("city-admin", "市管理员（演示）", ("admin",), "150800"),
)
DEMO_EMPLOYER = DemoAccount("demo-employer", "单位经办人（演示）", ("employer",))


def ensure_demo(store: Store, actor: Actor, employer: str = "") -> list[DemoAccount]:
    """Make the demonstration's accounts that are missing; safe to repeat, present ones are left as they are.

    `employer`: the name of the employer of the ledger the employer's account belongs to; without it there is none.
    Returns all demo accounts the database has now. Raises BadInput where it is no demonstration, an office or the
    employer is missing. One hash serves all accounts with the same password: hashing is slow on purpose.
    """
    wanted = (*DEMO_ACCOUNTS, DEMO_EMPLOYER) if employer else DEMO_ACCOUNTS
    with store.reading() as session:
        if session.scalar(select(Meta.value).where(Meta.name == "rehearsal")) not in ("demo", "test"):
            raise BadInput("演示账号只能写进演示数据库。请用 greenchannel init-db --demo 新建一个。")
        present = set(session.scalars(select(User.username).where(User.demo)))
    missing = [account for account in wanted if account.username not in present]
    hashes = {password: HASHER.hash(password) for password in {account.password for account in missing}}
    with store.writing() as session:
        for account in missing:
            user = User(username=account.username, name=account.name, password_hash=hashes[account.password],
                        roles=list(account.roles), demo=True, active=True, epoch=1,
                        **_demo_place(session, account, employer))  # fmt: skip
            session.add(user)
            session.flush()
            _record(session, actor, user, "created", "开立账号", **_standing(user))
    return [a for a in (*DEMO_ACCOUNTS, DEMO_EMPLOYER) if a in wanted or a.username in present]


def _demo_place(session: Session, account: DemoAccount, employer: str) -> dict[str, int]:
    if account.office:
        office = session.scalar(select(Office.id).where(Office.code == account.office))
        if office is None:
            raise BadInput(f"数据库里没有机关 {account.office}，开不了演示账号。请先运行 greenchannel init-db。")
        return {"office_id": office}
    place = session.scalar(select(Employer.id).where(Employer.name == employer))
    if place is None:
        raise BadInput(f"企业台账里没有“{employer}”，开不了单位的演示账号。请先导入附件2。")
    return {"employer_id": place}


def demo_left(session: Session) -> list[Reason]:
    """Why this database must not serve production: active demo accounts, demo figures. Empty when it may."""
    faults: list[Reason] = []
    names: Sequence[str] = session.scalars(
        select(User.username).where(User.demo, User.active, ~User.system).order_by(User.username)
    ).all()
    if names:
        shown = "、".join(names[:5]) + ("等" if len(names) > 5 else "")
        faults.append(
            Reason(
                f"数据库里还有 {len(names)} 个启用的演示账号（{shown}），正式环境不能用。请停用，或换一个新的数据库。"
            )
        )
    if session.scalar(select(LocalFigure.id).where(LocalFigure.demo).limit(1)) is not None:
        faults.append(
            Reason("数据库里有演示数据的待遇参数，正式环境不能用。请换一个新的数据库，重新录入有文号的数字。")
        )
    return faults
