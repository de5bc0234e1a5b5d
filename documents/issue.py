"""Carrying out a print order: the frozen facts of an instrument → a PDF in the data folder, its hash filed with the case."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from documents.facts import return_facts
from documents.render import Rendered, render
from workflow import sealed
from workflow.cases.printed import file_print
from workflow.models import Instrument
from workflow.situation import Actor
from workflow.store import Store

FOLDER = "documents"


def issue(store: Store, actor: Actor, payload: Mapping[str, Any]) -> str:
    """Print what an outbox order names ({"instrument": id, "part": "" or an addressee}); the file's name in the data folder.

    The file is on the disk before the database says it exists. Raises Refused (see render, file_print).
    """
    instrument_id, part = int(payload["instrument"]), str(payload.get("part") or "")
    kind, facts, name = frozen(store, instrument_id, part)
    printed = render(kind, facts)
    _keep(store.settings.data_dir / FOLDER / name, printed.pdf)
    file_print(
        store, actor, instrument_id, part, file=name, sha256=printed.sha256, template_digest=printed.template_digest
    )
    return name


def reprint(store: Store, instrument_id: int, part: str) -> Rendered:
    """Print again from the frozen facts; the same bytes as before where templates and fonts are the same."""
    kind, facts, _ = frozen(store, instrument_id, part)
    return render(kind, facts)


def frozen(store: Store, instrument_id: int, part: str) -> tuple[str, dict[str, Any], str]:
    """The template to render, the frozen facts and the file's name; a part is the delivery return for that addressee."""
    with store.reading() as session:
        row = session.get_one(Instrument, instrument_id)
        facts = sealed.reveal(store.settings, row.facts, row.uid)
        name = f"{row.uid[:2]}/{row.uid}{'-' + part if part else ''}.pdf"
        kind = str(facts.get("template") or row.kind)
    if part:
        return "delivery_return", return_facts(facts, part), name
    return kind, facts, name


def _keep(path: Path, pdf: bytes) -> None:
    """Write the file whole or not at all, and on the disk before returning."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pdf)
            file.flush()
            os.fsync(file.fileno())
        os.replace(made, path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
