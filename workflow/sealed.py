"""Identity numbers at rest: AES-GCM bound to row and column, keyed HMAC for search. Never an unkeyed hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workflow.errors import BadSetting
from workflow.settings import Settings

PREFIX = b"v1:"


def seal(settings: Settings, plain: str, place: str) -> bytes:
    """Encrypt `plain` for one place ("workers.id_number|<uid>"); moved elsewhere it does not open."""
    nonce = secrets.token_bytes(12)
    return PREFIX + nonce + AESGCM(settings.key("identity-cipher")).encrypt(nonce, plain.encode(), place.encode())


def unseal(settings: Settings, sealed: bytes, place: str) -> str:
    """The plain text back. Raises BadSetting when the secret is another one or the value was moved or edited."""
    body = bytes(sealed).removeprefix(PREFIX)
    try:
        return AESGCM(settings.key("identity-cipher")).decrypt(body[:12], body[12:], place.encode()).decode()
    except InvalidTag as error:
        raise BadSetting(
            "身份证号解不开：GREENCHANNEL_SECRET_KEY 与录入时不同，或数据被改动。请核对密钥后运行 greenchannel verify-audit。"
        ) from error


def index(settings: Settings, kind: str, value: str) -> str:
    """A search index: the same value gives the same 64 hex digits, useless without the key. kind: number, tail or tied."""
    return hmac.new(settings.key("identity-index"), f"{kind}|{value.upper()}".encode(), hashlib.sha256).hexdigest()


def tied(settings: Settings, uid: str, name: str, employer_id: int, office_id: int) -> str:
    """A keyed fingerprint of whom a case belongs to, for its first event: tells an exchange later, and no name."""
    return index(settings, "tied", f"{uid}|{name}|{employer_id}|{office_id}")


def close(settings: Settings, facts: Mapping[str, Any], uid: str) -> dict[str, Any]:
    """A document's frozen facts as the database keeps them: the identity number sealed, bound to the document."""
    hidden = seal(settings, facts["worker"]["id_number"], f"instruments.id_number|{uid}").hex()
    return {**facts, "worker": {**facts["worker"], "id_number": {"sealed": hidden}}}


def reveal(settings: Settings, kept: Mapping[str, Any], uid: str) -> dict[str, Any]:
    """The facts a document is printed from. Raises BadSetting as unseal does."""
    hidden = bytes.fromhex(kept["worker"]["id_number"]["sealed"])
    number = unseal(settings, hidden, f"instruments.id_number|{uid}")
    return {**kept, "worker": {**kept["worker"], "id_number": number}}
