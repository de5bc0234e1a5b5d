"""`greenchannel serve`: starts both processes, says where, and leaves nobody behind however it is ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return ["绿通".encode()]

def broken(environ, start_response):
    start_response("500 Internal Server Error", [])
    return [b""]
"""
START = """
import sys
from web.serve import Child, listen, supervise, web_child
host, port, app, work, within = sys.argv[1:]
listener = listen(host, int(port))
work = Child("后台进程", [sys.executable, "-c", work])
raise SystemExit(supervise([web_child(listener, 2, app), work], listener, ["演示账号：窗口"], float(within)))
"""
WAITING = "import time; time.sleep(600)"
LIMIT = 20.0
EVERYBODY = 4  # gunicorn, its two workers, the worker process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def descendants(pid: int) -> set[int]:
    """All processes below `pid`, as the kernel lists them."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.update(below)
        waiting += below
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that still run (a zombie nobody has reaped yet runs no more)."""
    left = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            left.add(pid)
    return left


def children_of(pid: int, at_least: int) -> set[int]:
    """The processes below `pid` once there are that many (the server answers before its second worker is there)."""
    deadline = time.monotonic() + LIMIT
    while len(below := descendants(pid)) < at_least and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(below) >= at_least
    return below


def gone(pids: set[int]) -> bool:
    deadline = time.monotonic() + LIMIT
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pids)


class Running:
    """One `supervise` in a process of its own, with what it has printed so far."""

    def __init__(self, folder: Path, app: str = "small:app", work: str = WAITING, within: float = LIMIT) -> None:
        (folder / "small.py").write_text(APP, "utf-8")
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, "127.0.0.1", str(self.port), app, work, str(within)],
            env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        self.lines: list[str] = []

    def wait_ready(self) -> None:
        assert self.process.stdout
        watchdog = threading.Timer(LIMIT, self.process.kill)  # readline would wait for ever
        watchdog.start()
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if "Ctrl-C" in line:
                break
        watchdog.cancel()

    def end(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, errors


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    running.wait_ready()
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def test_it_prints_the_url_and_the_notice_once_the_first_page_answers(started: Running) -> None:
    assert started.lines == [f"绿通已启动：http://127.0.0.1:{started.port}/", "演示账号：窗口", "按 Ctrl-C 结束。"]
    with urllib.request.urlopen(f"http://127.0.0.1:{started.port}/", timeout=5) as answer:
        assert (answer.status, answer.read().decode()) == (200, "绿通")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_well_with_all_children_when_asked(started: Running, number: signal.Signals) -> None:
    below = children_of(started.process.pid, EVERYBODY)
    started.process.send_signal(number)
    assert started.end() == (0, "")
    assert gone(below)


def test_children_end_even_when_it_is_killed_outright(started: Running) -> None:
    below = children_of(started.process.pid, EVERYBODY)
    started.process.kill()
    started.process.communicate()
    assert gone(below)


def test_a_child_that_does_not_listen_to_term_is_ended_on_the_second_ctrl_c(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    running = Running(tmp_path, work=deaf)
    running.wait_ready()
    below = children_of(running.process.pid, EVERYBODY)
    running.process.send_signal(signal.SIGINT)
    time.sleep(1)
    began = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    code, _ = running.end()
    assert (code, gone(below)) == (0, True)
    assert time.monotonic() - began < 5


def test_when_the_worker_process_breaks_down_everything_ends_and_it_says_so(tmp_path: Path) -> None:
    running = Running(tmp_path, work="import time; time.sleep(2); raise SystemExit(7)")
    running.wait_ready()
    below = children_of(running.process.pid, EVERYBODY)
    code, errors = running.end()
    assert code == 1
    assert "后台进程（退出码 7）自己停了" in errors
    assert gone(below)


def test_a_server_whose_first_page_breaks_down_is_not_called_started(tmp_path: Path) -> None:
    running = Running(tmp_path, app="small:broken", within=3)
    output, errors = running.process.communicate(timeout=LIMIT)
    assert (running.process.returncode, output) == (1, "")
    assert "没有正常应答首页" in errors


def test_an_application_that_cannot_be_loaded_ends_the_start(tmp_path: Path) -> None:
    running = Running(tmp_path, app="nowhere:app")
    output, errors = running.process.communicate(timeout=LIMIT)
    assert (running.process.returncode, output) == (1, "")
    assert "网页服务" in errors


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_refused_before_anything_is_started(taken: int) -> None:
    call = f"from web.serve import serve; raise SystemExit(serve('127.0.0.1', {taken}, 2))"
    ended = subprocess.run([sys.executable, "-c", call], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"端口 {taken} 已被占用")


def test_the_port_can_be_asked_for_alone(taken: int) -> None:
    def asked(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "web.serve", *arguments]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
        return ended.returncode, ended.stderr

    assert asked("127.0.0.1", str(free_port())) == (0, "")
    assert asked("127.0.0.1", str(taken))[0] == 2
    assert asked("127.0.0.1", "70000")[1].startswith("端口 70000 不在 0 到 65535 之间。")
    assert asked("127.0.0.1", "八千")[1].startswith("端口要写成数字")
    assert asked("203.0.113.9", str(free_port()))[0] == 2  # an address that is not this machine's
