"""The command line: one JSON document or Chinese sentences, exit codes 0, 2 and 1, nothing loaded that is not needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.builders import FIRM, PAPERS, dump, without_triggers
from web.commands import main
from workflow.models import Matter, Task
from workflow.settings import ROOT, from_environment
from workflow.store import Store

SAMPLES = Path(__file__).parent / "samples"
SECRET = "a secret of the tests, long enough for it"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process under the given settings: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def go(*words: str, **settings: str) -> tuple[int, str, str]:
        for name in [n for n in os.environ if n.startswith("GREENCHANNEL_")]:
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(f"GREENCHANNEL_{name}", value)
        capsys.readouterr()
        code = main(list(words))
        told = capsys.readouterr()
        return code, told.out, told.err

    return go


@dataclass
class Place:
    """A database of the demonstration, made by the command itself, and the settings that lead to it."""

    settings: dict[str, str]

    def store(self) -> Store:
        return Store(from_environment({f"GREENCHANNEL_{k}": v for k, v in self.settings.items()}))


@pytest.fixture(scope="module")
def place(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("demo")
    place = Place({"ENV": "demo", "DATABASE_URL": database_url, "DATA_DIR": str(folder)})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.settings.items():
            patch.setenv(f"GREENCHANNEL_{name}", value)
        assert main(["init-db", "--demo"]) == 0
    yield place


def document(out: str) -> Any:
    """The one JSON document on stdout."""
    assert out.count("\n") == 1 and out.endswith("\n")
    return json.loads(out)


# --- one document, always ---------------------------------------------------------------------------------------------

DONE = [
    ["init-db"], ["init-db", "--demo"], ["cases"], ["cases", "--open", "--limit", "3"], ["cases", "--office", "150802"],
    ["show", "2026-000001"], ["show", "2026-000001", "--as", "qianqi-desk"], ["stalled"],
    ["stalled", "--at", "2027-06-01", "--office", "150823"],
    ["verify-audit"], ["figure", "list"], ["outbox", "list"], ["user", "list"], ["due", "GS-DEC", "--from", "2026-03-02"], ["check"],
    ["import", str(SAMPLES / "附件2.xlsx"), "--dry-run"],
]  # fmt: skip
REFUSED = [
    [], ["cases", "--limit", "0"], ["cases", "--limit", "x"], ["cases", "--nonsense"], ["show"], ["show", "2026-999999"],
    ["show", "2026-000001", "--as", "nobody"], ["show", "2026-000001", "--as", "linhe-desk"],
    ["perform", "2026-000001", "recognition", "accept", "--as", "qianqi-approver"],
    ["perform", "2026-000001", "recognition", "file", "--as", "qianqi-desk", "--fact", "novalue"],
    ["perform", "2026-000003", "recognition", "accept", "--as", "qianqi-desk"],
    ["perform", "2026-000003", "recognition", "accept", "--as", "qianqi-approver", "--version", "1"],
    ["fill", "2026-000001", "--as", "qianqi-desk"], ["stalled", "--at", "gestern"], ["work", "--once", "--at", "gestern"],
    ["import", "absent.xlsx"], ["import", str(SAMPLES / "附件3-有错.xlsx")], ["due", "NO-SUCH", "--from", "2026-03-02"],
    ["check", "absent.yaml"], ["figure", "approve", "999", "--as", "city-reviewer"],
    ["outbox", "retry", "999"], ["user", "add", "x", "--name", "甲", "--role", "desk"],
    ["no-such-command"],
]  # fmt: skip


@pytest.mark.parametrize("words", DONE, ids=" ".join)
def test_with_json_exactly_one_document_is_printed(run: Run, place: Place, words: list[str]) -> None:
    code, out, _ = run(*words, "--json", **place.settings)
    assert code == 0 and isinstance(document(out), dict)
    code, out, err = run(*words, **place.settings)
    assert code == 0 and out.strip() and "Traceback" not in err


@pytest.mark.parametrize("words", REFUSED, ids=lambda w: " ".join(Path(x).name for x in w))
def test_a_refusal_is_one_document_too_and_writes_nothing(run: Run, place: Place, words: list[str]) -> None:
    store = place.store()
    before = dump(store)
    code, out, err = run(*words, "--json", **place.settings)
    told = document(out)
    assert code == 2 and told["ok"] is False
    reasons = told.get("reasons") or told.get("faults")
    assert reasons and all(r["text"] if isinstance(r, dict) else r for r in reasons)
    assert "Traceback" not in err and (err.strip() or words[0] in ("import", "check"))
    code, out, err = run(*words, **place.settings)
    assert code == 2 and (err.strip() or words[0] == "import")
    assert dump(store) == before
    store.close()


def test_a_breakdown_is_code_one_and_one_document(run: Run, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("workflow.reading.list_cases", broken)
    code, out, err = run("cases", "--json", **place.settings)
    assert code == 1 and document(out)["reasons"][0]["code"] == "broken" and "ZeroDivisionError" in err


def test_a_conflict_tells_what_changed(run: Run, place: Place) -> None:
    code, out, _ = run("perform", "2026-000003", "recognition", "accept", "--as", "qianqi-approver", "--version", "1", "--json",
                       **place.settings)  # fmt: skip
    (change,) = document(out)["changes"]
    assert code == 2 and change["label"] == "提出工伤认定申请" and change["actor"] == "前旗窗口（演示）（qianqi-desk）"


def test_the_command_line_itself_is_refused_in_chinese(run: Run, place: Place) -> None:
    code, out, err = run("show", **place.settings)
    assert (code, out) == (2, "") and err.startswith(
        "命令写得不对：缺少参数: case_no。用 greenchannel show --help 看写法。"
    )
    assert "--jso" in run("cases", "--jso", **place.settings)[2], "no shortened options"
    code, out, err = run(**place.settings)
    assert code == 2 and "verify-audit" in err and err.endswith("请写明要做什么，上面列出了全部命令。\n")


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ENV": "test"}, ["GREENCHANNEL_ENV 只能是 production 或 demo"]),
        ({"SECRET_KEY": "short"}, ["GREENCHANNEL_SECRET_KEY 太短"]),
        (
            {"DATABASE_URL": "mysql://x/y", "SECRET_KEY": "short"},
            ["GREENCHANNEL_SECRET_KEY 太短", "本系统只支持 sqlite 和 postgresql"],
        ),
        ({"DATABASE_URL": "nonsense"}, ["GREENCHANNEL_DATABASE_URL 不是数据库地址"]),
        (
            {"RECOGNITION_LEVEL": "province", "ENV": "x"},
            ["GREENCHANNEL_ENV 只能", "GREENCHANNEL_RECOGNITION_LEVEL 只能"],
        ),
        ({"SECRET_KEY": "demo-secret-only-for-rehearsal-0478-0000000"}, ["演示密钥，正式环境不能用"]),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, dict) else "",
)
def test_a_bad_setting_stops_with_a_sentence(
    run: Run, tmp_path: Path, settings: dict[str, str], words: list[str]
) -> None:
    code, out, err = run("cases", "--json", **{"DATA_DIR": str(tmp_path / "d"), **settings})
    told = [r["text"] for r in document(out)["reasons"]]
    assert code == 2 and len(told) == len(words) and all(w in t for w, t in zip(words, told, strict=True))
    assert "Traceback" not in err and not (tmp_path / "d").exists()


def test_a_file_is_no_data_folder_and_a_missing_one_is_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    code, _, err = run("init-db", DATA_DIR=str(tmp_path / "file"), SECRET_KEY=SECRET)
    assert code == 2 and "不是文件夹" in err
    assert run("init-db", DATA_DIR=str(tmp_path / "a" / "b"), SECRET_KEY=SECRET)[0] == 0
    assert (tmp_path / "a" / "b" / "greenchannel.db").exists()


def test_a_database_that_is_not_ready_or_not_there_names_the_cure(run: Run, tmp_path: Path) -> None:
    code, _, err = run("cases", DATA_DIR=str(tmp_path), SECRET_KEY=SECRET)
    assert (code, err) == (2, "数据库还没有建好或版本较旧。请先运行 greenchannel init-db。\n")
    code, out, err = run("cases", "--json", SECRET_KEY=SECRET, DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert code == 2 and "请检查 GREENCHANNEL_DATABASE_URL 和数据库服务" in document(out)["reasons"][0]["text"]
    assert "Traceback" not in err


def test_without_a_secret_nothing_is_sealed(run: Run, tmp_path: Path) -> None:
    assert run("init-db", DATA_DIR=str(tmp_path))[0] == 0
    code, _, err = run("import", str(SAMPLES / "附件2.xlsx"), DATA_DIR=str(tmp_path))
    assert code == 0, err
    code, _, err = run("import", str(SAMPLES / "附件3.xlsx"), DATA_DIR=str(tmp_path))
    assert code == 2 and err.startswith("没有设置密钥：请把环境变量 GREENCHANNEL_SECRET_KEY 设为")


def test_production_refuses_the_demonstration(run: Run, place: Place, tmp_path: Path) -> None:
    real = {**place.settings, "ENV": "production", "SECRET_KEY": SECRET}
    for words in (["cases"], ["work", "--once"], ["import", str(SAMPLES / "附件2.xlsx")], ["show", "2026-000001"]):
        code, _, err = run(*words, **real)
        assert code == 2 and "演示账号" in err and "演示数据的待遇参数" in err, words
    fresh = {"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET}
    code, _, err = run("init-db", "--demo", **fresh)
    assert (code, err) == (2, "正式环境不写演示数据。请设 GREENCHANNEL_ENV=demo，并用一个新的数据库。\n")
    assert run("cases", **fresh)[:2] == (0, "没有案件。\n")


def test_another_day_is_refused_where_the_cases_are_real(run: Run, tmp_path: Path) -> None:
    fresh = {"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET}
    assert run("init-db", **fresh)[0] == 0
    code, _, err = run("work", "--once", "--at", "2027-01-01", **fresh)
    assert code == 2 and err.startswith("只有演示或测试用的数据库可以预演别的日子（--at）")
    assert run("work", "--once", **fresh)[:2] == (0, "到期时限 0 个，打印 0 份，发送 0 条，没有办成 0 件。\n")


def test_the_demonstration_is_not_mixed_with_real_cases(run: Run, tmp_path: Path) -> None:
    fresh = {"DATA_DIR": str(tmp_path), "ENV": "demo"}
    assert run("init-db", **fresh)[0] == 0
    for name in ("附件2", "附件3"):
        assert run("import", str(SAMPLES / f"{name}.xlsx"), **fresh)[0] == 0
    code, _, err = run("init-db", "--demo", **fresh)
    assert (code, err) == (2, "这个数据库里已经有案件，不能写演示数据。请用一个新的数据库。\n")


# --- the commands at work ---------------------------------------------------------------------------------------------


def test_init_db_may_be_repeated_and_changes_nothing(run: Run, place: Place) -> None:
    store = place.store()
    before = dump(store)
    for words in (["init-db"], ["init-db", "--demo"]):
        code, out, _ = run(*words, "--json", **place.settings)
        told = document(out)
        assert code == 0 and told["offices"] == 8 and told["holiday_years"] >= 8
        assert dump(store) == before, words
    assert told["demo_cases"] == 13
    store.close()


def test_cases_lists_all_and_show_tells_everything(run: Run, place: Place) -> None:
    rows = document(run("cases", "--json", **place.settings)[1])["cases"]
    assert len(rows) == 13 and {"case_no", "worker", "office", "stage", "employer"} <= set(rows[0])
    assert len(document(run("cases", "--limit", "2", "--json", **place.settings)[1])["cases"]) == 2
    assert {
        r["office"] for r in document(run("cases", "--office", "150802", "--json", **place.settings)[1])["cases"]
    } == {"临河区"}
    body = document(run("show", "2026-000009", "--json", **place.settings)[1])
    names = {m["matter"].partition("#")[0] for m in body["matters"]}
    assert names == {"recognition", "appraisal", "benefit", "remedy"}, "each who was served may object"
    assert body["worker"]["id_number"].startswith("*") and body["payments"] and body["documents"] and body["events"]
    told = run("show", "2026-000009", **place.settings)[1]
    assert "[待遇核定支付]" in told and "时限 " in told and "可办 " in told and "159999" not in told


def test_an_act_from_the_command_line(run: Run, place: Place) -> None:
    words = [
        "perform",
        "2026-000003",
        "recognition",
        "accept",
        "--as",
        "qianqi-approver",
        "--key",
        "cli-1",
        "--version",
        "2",
        "--json",
    ]
    code, out, _ = run(*words, **place.settings)
    first = document(out)
    assert (
        code == 0
        and first["ok"]
        and first["to_state"] == "under_review"
        and first["instrument"].startswith("前人社工受〔")
    )
    assert document(run(*words, **place.settings)[1]) == first, "the same key: the same answer, done once"
    code, out, _ = run("perform", "2026-000003", "recognition", "propose", "--as", "qianqi-officer", "--fact", "opinion=recognise",
                       "--fact", "findings=在井下作业，a=b", "--fact", "exclusion=no", **place.settings)  # fmt: skip
    assert (code, out) == (0, "已办：propose，现在是“审理中”。\n")
    body = document(run("show", "2026-000003", "--json", **place.settings)[1])
    assert body["matters"][0]["facts"]["findings"] == "在井下作业，a=b"
    code, out, _ = run("perform", "2026-000004", "recognition", "resubmit", "--as", "qianqi-desk", "--behalf", "worker",
                       "--paper", "employment_proof，diagnosis", "--json", **place.settings)  # fmt: skip
    assert code == 0 and document(out)["to_state"] == "filed"
    assert PAPERS[0] in {
        p["name"] for p in document(run("show", "2026-000004", "--json", **place.settings)[1])["matters"][0]["papers"]
    }


def test_filling_in_from_the_command_line(run: Run, place: Place) -> None:
    workers = place.settings
    assert run("import", str(SAMPLES / "附件2.xlsx"), **workers)[0] == 0
    code, out, err = run("import", str(SAMPLES / "附件3.xlsx"), "--json", **workers)
    taken = document(out)
    assert code == 0 and taken["written"] and taken["new"] == 5 and taken["warnings"], err
    again = document(run("import", str(SAMPLES / "附件3.xlsx"), "--json", **workers)[1])
    assert (again["new"], again["same"], again["cases"]) == (0, 5, [])
    drawing = next(
        n for n in taken["cases"] if document(run("show", n, "--json", **workers)[1])["stage"] == "benefit.paying"
    )
    code, out, _ = run(
        "fill",
        drawing,
        "--matter",
        "benefit",
        "--as",
        "city-agency",
        "--fact",
        "paid_on=2026-02-02",
        "--json",
        **workers,
    )
    assert code == 0 and document(out)["started"] == ["下一次按月支付"]
    stalled = document(run("stalled", "--json", **workers)[1])
    assert stalled["count"] == len(stalled["stalled"]) and {"unknown"} <= {s["kind"] for s in stalled["stalled"]}


def test_faults_of_a_form_are_lines_and_code_two(run: Run, place: Place) -> None:
    code, out, _ = run("import", str(SAMPLES / "附件3-有错.xlsx"), **place.settings)
    lines = out.splitlines()
    assert code == 2 and "什么都没有写入" in lines[-1]
    assert sum(line.startswith("附件3 第 ") for line in lines) >= 8


def test_a_round_of_work_on_another_day(run: Run, place: Place) -> None:
    before = document(run("cases", "--json", **place.settings)[1])
    code, out, err = run("work", "--once", "--at", "2027-03-01", "--json", **place.settings)
    done = document(out)
    assert code == 0 and done["fired"] > 5 and done["printed"] > 20 and done["sent"] > 30, err
    store = place.store()
    with store.reading() as session:
        left = list(session.scalars(select(Task.text).where(Task.kind == "outbox")))
    store.close()
    assert len(left) == done["failed"] and all("没有职工的联系电话" in t for t in left), (
        "workers of a form have no telephone yet"
    )
    assert document(run("cases", "--json", **place.settings)[1]) == before, "no clock decides anything"
    log = Path(place.settings["DATA_DIR"]) / "messages.log"
    assert len(log.read_text("utf-8").splitlines()) == done["sent"]
    code, out, _ = run("verify-audit", "--json", **place.settings)
    assert code == 0 and document(out)["findings"] == []


def test_verify_audit_says_where_and_is_code_two(run: Run, place: Place) -> None:
    store = place.store()
    with store.writing() as session:
        session.execute(update(Matter).where(Matter.case_id == 1).values(state="filed"))
    code, out, _ = run("verify-audit", "--json", **place.settings)
    told = document(out)
    assert code == 2 and not told["ok"] and [f["chain"] for f in told["findings"]] == ["2026-000001"]
    with store.writing() as session:
        session.execute(update(Matter).where(Matter.case_id == 1).values(state="to_apply"))
    without_triggers(store, "update events set label = 'x' where chain = '2026-000002' and seq = 1")
    code, out, _ = run("verify-audit", **place.settings)
    assert code == 2 and out.startswith("案件 2026-000002 第 1 条记录：内容与指纹不符") and FIRM not in out
    store.close()


# --- what is loaded ---------------------------------------------------------------------------------------------------

WATCH = """
import sys
from web.commands import main
code = main(sys.argv[1:])
loaded = [m for m in ("sqlalchemy", "flask", "weasyprint", "openpyxl", "alembic", "transitions") if m in sys.modules]
print(code, *loaded, file=sys.stderr)
"""


def loaded(*words: str, **settings: str) -> list[str]:
    """Exit code and heavy modules a command loads."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GREENCHANNEL_")}
    environment |= {f"GREENCHANNEL_{k}": v for k, v in settings.items()}
    ended = subprocess.run(
        [sys.executable, "-c", WATCH, *words], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    return ended.stderr.splitlines()[-1].split()


@pytest.mark.parametrize("words", [["due", "GS-DEC", "--from", "2026-03-02"], ["check"]])
def test_what_needs_no_database_loads_none(words: list[str]) -> None:
    assert loaded(*words) == ["0"]


def test_only_printing_loads_the_press(tmp_path: Path) -> None:
    settings = {"ENV": "demo", "DATA_DIR": str(tmp_path)}
    assert "weasyprint" not in loaded("init-db", "--demo", **settings)
    for words in (["show", "2026-000009"], ["perform", "2026-000003", "recognition", "accept", "--as", "qianqi-approver"]):  # fmt: skip
        told = loaded(*words, **settings)
        assert told[0] == "0" and "weasyprint" not in told and "flask" not in told and "openpyxl" not in told, words
    assert "weasyprint" in loaded("work", "--once", **settings)
