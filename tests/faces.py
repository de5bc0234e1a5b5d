"""What the tests of the pages share: signing in, forms, who has which number, a server for a browser."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from sqlalchemy import event, select

from workflow import sealed
from workflow.accounts import DEMO_ACCOUNTS
from workflow.models import Case, Worker

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from workflow.store import Store

PASSWORD = DEMO_ACCOUNTS[0].password
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def token_of(client: FlaskClient, path: str) -> str:
    """The CSRF token of the first form on a page."""
    found = TOKEN.search(client.get(path).get_data(as_text=True))
    assert found, f"{path} shows no form"
    return found.group(1)


def post(
    client: FlaskClient, path: str, data: Mapping[str, Any], form: str = "", address: str = "127.0.0.1"
) -> TestResponse:
    """Fill in the form that stands on page `form` (the same path where none is named) and send it."""
    token = token_of(client, form or path)
    return client.post(path, data={"csrf_token": token, **data}, environ_base={"REMOTE_ADDR": address})


def signed_in(app: Flask, username: str) -> FlaskClient:
    """A browser in which this account of the demonstration has signed in."""
    client = app.test_client()
    answer = post(client, "/login", {"username": username, "password": PASSWORD, "next": ""})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client


def soup(answer: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser")


def words(answer: TestResponse) -> str:
    """The text a person reads, without the gaps of the source."""
    return soup(answer).get_text(" ", strip=True)


def numbers(store: Store) -> dict[str, str]:
    """Case number → whole identity number of its worker."""
    with store.reading() as session:
        rows = session.execute(
            select(Case.case_no, Worker.uid, Worker.id_sealed)
            .join(Worker, Worker.id == Case.worker_id)
            .order_by(Case.id)
        )
        return {r.case_no: sealed.unseal(store.settings, r.id_sealed, f"workers.id_number|{r.uid}") for r in rows}


def weight(client: FlaskClient, page: TestResponse) -> tuple[int, int]:
    """(bytes on the line, requests) of a page with everything it links to, packed."""
    found = soup(page).select("link[href], img[src], script[src]")
    urls = {str(tag.get("href") or tag.get("src")) for tag in found}
    answers = [client.get(url, headers={"Accept-Encoding": "gzip"}) for url in urls]
    assert all(a.status_code == 200 for a in answers)
    return len(gzip.compress(page.data)) + sum(len(a.data) for a in answers), 1 + len(urls)


def faults_of_page(page: BeautifulSoup) -> list[str]:
    """Inline styles, scripts and foreign hosts, none of which any page may have."""
    found = [str(t) for t in page.select("script, style, [style], iframe, object, embed")]
    found += [str(t) for t in page.find_all(True) if any(key.startswith("on") for key in t.attrs)]
    links = [str(t.get(key)) for t in page.find_all(True) for key in ("href", "src", "action") if t.get(key)]
    return found + [link for link in links if not re.match(r"/(?!/)|#|tel:", link)]


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The SQL sent to the database inside the block."""
    sent: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(store.engine, "before_cursor_execute", keep)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application on a free port, for a browser."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
