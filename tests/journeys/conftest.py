"""One town for each module of journeys, on SQLite and on PostgreSQL: lives go on beside each other as in an office."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builders import Town, settle
from tests.conftest import open_store
from workflow.verify import verify


@pytest.fixture(scope="module")
def town(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    store = open_store(database_url, tmp_path_factory.mktemp("town"))
    yield settle(store)
    _, edited = verify(store)
    store.close()
    assert not edited, [f.sentence() for f in edited]
