"""Whole lives of a recognition, from the diagnosis to its end, through the real engine on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.builders import PAPERS, START, Life, Town, settle
from tests.conftest import open_store


@pytest.fixture(scope="module")
def town(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    store = open_store(database_url, tmp_path_factory.mktemp("town"))
    yield settle(store)
    store.close()


def test_recognised_and_served(town: Town) -> None:
    life = town.life()
    assert (life.due("employer_files"), life.due("worker_files")) == (date(2026, 3, 18), date(2027, 2, 16))
    life.recognised()
    assert life.state("recognition") == "decided"
    assert {m: life.state(m) for m in ("appraisal", "benefit")} == {"appraisal": "to_apply", "benefit": "to_claim"}
    life.served()
    assert life.state("recognition") == "delivered"
