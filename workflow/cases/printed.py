"""Filing a print: where the file lies and its SHA-256, with an event in the case's chain. One row per document and part."""

from __future__ import annotations

from sqlalchemy import select, update

from workflow import audit, clock
from workflow.audit import Link
from workflow.errors import Refused
from workflow.models import Case, Instrument, Print
from workflow.situation import Actor
from workflow.store import Store


def file_print(
    store: Store, actor: Actor, instrument_id: int, part: str, *, file: str, sha256: str, template_digest: str
) -> bool:
    """File a print once; False when it was filed before with the same hash.

    Raises Refused when the same document and part was filed with another hash: an issued document never changes.
    """
    with store.writing() as session:
        known = session.execute(
            select(Print.sha256).where(Print.instrument_id == instrument_id, Print.part == part)
        ).scalar_one_or_none()
        if known == sha256:
            return False
        if known is not None:
            raise Refused("重新打印得到的内容与存档的不同（字体或模板有变动）。以存档的文件为准，请管理员核对。")
        instrument = session.get_one(Instrument, instrument_id)
        case = session.execute(
            select(Case.id, Case.case_no, Case.head_seq, Case.head_hash)
            .where(Case.id == instrument.case_id)
            .with_for_update()
        ).one()
        now = clock.now()
        session.add(
            Print(
                instrument_id=instrument_id,
                part=part,
                file=file,
                sha256=sha256,
                template_digest=template_digest,
                printed_at=now,
            )
        )
        link = audit.append(
            session, Link(case.head_seq, case.head_hash), case.case_no, actor, kind="document:printed", label=f"打印{instrument.label}",
            payload={"number": instrument.number, "kind": instrument.kind, "part": part, "sha256": sha256, "file": file,
                     "template": template_digest}, case_id=case.id, matter_id=instrument.matter_id,
        )  # fmt: skip
        session.execute(update(Case).where(Case.id == case.id).values(head_seq=link.seq, head_hash=link.hash))
        session.flush()
    return True
