"""The stored documents: served as filed, never when the file is another than the one that was filed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

from flask import Response
from sqlalchemy import select

from documents.issue import FOLDER
from web.auth import current_actor, roles
from web.db import settings, store
from web.window_base import blueprint, case_of
from workflow import clock
from workflow.cases.load import NO_CASE
from workflow.errors import NotFound, Reason, Refused
from workflow.models import Access, Instrument, Print
from workflow.permissions import READERS

DIFFERS = "文件的内容与存档时登记的摘要不一致，不能提供。请不要使用手里的副本，并请管理员用备份恢复后核对。"
ABSENT = "存档文件不在了，不能提供。请管理员用备份恢复。"


@blueprint.get("/cases/<case_no>/documents/<int:print_id>.pdf")
@roles(*READERS)
def document(case_no: str, print_id: int) -> Response:
    """One print of this case as PDF. It names the person in full, so that opening it is logged.

    NotFound for another case's print; Refused where the file is gone or its SHA-256 is not the one on record.
    """
    with store().reading() as session:
        loaded = case_of(session, case_no)
        query = select(Print.file, Print.sha256, Print.part, Instrument.number, Instrument.label)
        row = session.execute(
            query.join(Instrument, Instrument.id == Print.instrument_id)
            .where(Print.id == print_id, Instrument.case_id == loaded.row.id)
        ).first()  # fmt: skip
        if row is None:
            raise NotFound(NO_CASE)
        case_id = loaded.row.id
    pdf = stored(row.file, row.sha256)
    name = f"{row.label}{row.number}{'送达回证' if row.part else ''}"
    log_access(case_id, f"打开文书 {row.number}{'（送达回证）' if row.part else ''}")
    answer = Response(pdf, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = (
        f"inline; filename=\"document-{print_id}.pdf\"; filename*=UTF-8''{quote(name)}.pdf"
    )
    return answer


def stored(file: str, sha256: str) -> bytes:
    """The filed bytes; Refused for a file that is gone or not the one that was filed."""
    path = place_of(file)
    if path is None:
        raise Refused(Reason(DIFFERS, "document_differs", who="管理员"))
    if not path.is_file():
        raise Refused(Reason(ABSENT, "document_absent", who="管理员"))
    pdf = path.read_bytes()
    if hashlib.sha256(pdf).hexdigest() != sha256:
        raise Refused(Reason(DIFFERS, "document_differs", who="管理员"))
    return pdf


def place_of(file: str) -> Path | None:
    """Where a print lies; None for a name that leads out of the folder (an edited database)."""
    folder = (settings().data_dir / FOLDER).resolve()
    path = (folder / file).resolve()
    return path if path.is_relative_to(folder) else None


def log_access(case_id: int, what: str) -> None:
    """Keep who looked at whose data, and when."""
    with store().writing() as session:
        session.add(Access(at=clock.now(), user_id=current_actor().id, case_id=case_id, what=what[:80]))
