"""The fixtures themselves: a real PostgreSQL, a fresh database each time, a real browser."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def run(url: str, *statements: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements[:-1]:
                connection.execute(text(statement))
            return connection.execute(text(statements[-1])).scalar()
    finally:
        engine.dispose()


def test_the_postgresql_url_leads_to_a_real_server(postgres_url: str) -> None:
    assert str(run(postgres_url, "select version()")).startswith("PostgreSQL ")


def test_each_kind_of_database_starts_empty(fresh_database_url: str) -> None:
    assert run(fresh_database_url, "create table t (n int)", "insert into t values (1)", "select n from t") == 1


def test_the_next_test_does_not_see_what_the_last_one_wrote(fresh_database_url: str) -> None:
    assert run(fresh_database_url, "create table t (n int)", "select count(*) from t") == 0


def test_a_module_keeps_its_database(database_url: str) -> None:
    assert run(database_url, "create table kept (n int)", "insert into kept values (7)", "select n from kept") == 7


def test_a_module_finds_again_what_it_wrote(database_url: str) -> None:
    assert run(database_url, "create table if not exists kept (n int)", "select n from kept") == 7


def test_no_setting_of_the_developer_reaches_a_test() -> None:
    assert [name for name in os.environ if name.startswith("GREENCHANNEL_")] == []


@pytest.mark.browser
def test_the_browser_shows_chinese_text(browser: Browser) -> None:
    page = browser.new_page(locale="zh-CN")
    page.set_content("<p lang=zh-CN>工伤认定</p>")
    assert page.inner_text("p") == "工伤认定"
    page.close()
