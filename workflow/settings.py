"""Settings from the environment; a bad value stops the start with a sentence."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from workflow.errors import BadSetting, Reason

DEMO_SECRET = "demo-secret-only-for-rehearsal-0478-0000000"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """What the environment says. `demo` is True only where GREENCHANNEL_ENV=demo."""

    env: str
    database_url: str
    data_dir: Path
    secret: str
    states_path: Path
    recognition_level: str = "county"

    @property
    def demo(self) -> bool:
        return self.env == "demo"

    def key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose, derived from the secret; purposes never share keys."""
        if not self.secret:
            raise BadSetting(
                "没有设置密钥：请把环境变量 GREENCHANNEL_SECRET_KEY 设为 32 个字符以上的随机文字后再启动。"
            )
        return hmac.new(self.secret.encode(), b"greenchannel/v1/" + purpose.encode(), hashlib.sha256).digest()


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the GREENCHANNEL_* variables.

    Raises BadSetting with every faulty variable at once. The secret may be absent where no key is needed (`due`, `check`).
    """
    given = os.environ if environ is None else environ
    faults: list[Reason] = []
    env = given.get("GREENCHANNEL_ENV", "") or "production"
    if env not in ("production", "demo"):
        faults.append(Reason(f"GREENCHANNEL_ENV 只能是 production 或 demo，现在是“{env}”。请改正后再启动。"))
    secret = given.get("GREENCHANNEL_SECRET_KEY", "")
    faults += _secret_faults(secret, env)
    data_dir = Path(given.get("GREENCHANNEL_DATA_DIR", "") or "var").expanduser().resolve()
    if data_dir.exists() and not data_dir.is_dir():
        faults.append(Reason(f"GREENCHANNEL_DATA_DIR 指向的“{data_dir}”不是文件夹。请换一个文件夹。"))
    url = given.get("GREENCHANNEL_DATABASE_URL", "") or f"sqlite:///{data_dir / 'greenchannel.db'}"
    faults += _url_faults(url)
    level = given.get("GREENCHANNEL_RECOGNITION_LEVEL", "") or "county"
    if level not in ("county", "city"):
        faults.append(
            Reason("GREENCHANNEL_RECOGNITION_LEVEL 只能是 county（旗县区认定）或 city（市级认定）。请改正后再启动。")
        )
    states = Path(given.get("GREENCHANNEL_STATES", "") or ROOT / "states.yaml")
    if faults:
        raise BadSetting(faults)
    if not secret and env == "demo":
        secret = DEMO_SECRET
    return Settings(env, _with_driver(url), data_dir, secret, states, level)


def _secret_faults(secret: str, env: str) -> list[Reason]:
    if secret and len(secret) < 32:
        return [Reason("GREENCHANNEL_SECRET_KEY 太短：需要 32 个字符以上的随机文字。请换一个更长的。")]
    if secret == DEMO_SECRET and env == "production":
        return [Reason("GREENCHANNEL_SECRET_KEY 用的是演示密钥，正式环境不能用。请换成本局自己的随机文字。")]
    return []


def _url_faults(url: str) -> list[Reason]:
    try:
        name = make_url(url).get_backend_name()
    except ArgumentError:
        return [
            Reason("GREENCHANNEL_DATABASE_URL 不是数据库地址。请写成 sqlite:///文件 或 postgresql://用户@主机/库名。")
        ]
    if name not in ("sqlite", "postgresql"):
        return [Reason(f"GREENCHANNEL_DATABASE_URL 用的是 {name}，本系统只支持 sqlite 和 postgresql。请改正。")]
    return []


def _with_driver(url: str) -> str:
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)
