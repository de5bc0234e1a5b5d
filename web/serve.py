"""`greenchannel serve`: the web server and the worker process, started together and ended together.

`serve()` is what the command calls. Run as a module (`python -m web.serve HOST PORT`) it only says whether the port is
free, so that a start that cannot succeed ends before the database is touched. Importing it loads neither Flask nor the
engine.
"""

from __future__ import annotations

import ctypes
import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

APP = "web.app:create_app()"
STOP_WITHIN = 10.0
READY_WITHIN = 30.0
PR_SET_PDEATHSIG = 1
DONE, BROKEN, REFUSED = 0, 1, 2


@dataclass(frozen=True)
class Child:
    """One process to run: its name as people read it, its command line, the descriptors it inherits."""

    name: str
    command: Sequence[str]
    descriptors: tuple[int, ...] = ()


class PortTaken(Exception):
    """The address cannot be listened on; the text is a Chinese sentence with the cure."""


def serve(host: str = "127.0.0.1", port: int = 8000, workers: int = 2, notice: Sequence[str] = ()) -> int:
    """Run web server and worker process in the foreground until Ctrl-C or TERM, then end both.

    `notice` are lines printed below the URL once the server answers (the demo accounts). Returns the exit code:
    0 ended on request, 1 a child broke down, 2 the port is taken (nothing was started). Main thread only.
    """
    try:
        listener = listen(host, port)
    except PortTaken as error:
        print(error, file=sys.stderr, flush=True)
        return REFUSED
    children = [web_child(listener, workers), work_child()]
    return supervise(children, listener, notice)


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket, so that nobody can take the port between asking and serving; raises PortTaken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise PortTaken(f"不能在 {host} 上提供服务：{error.strerror}。请检查主机地址。") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        raise PortTaken(_why_not(host, port, error)) from error
    return listener


def _why_not(host: str, port: int, error: Exception) -> str:
    cure = "请换一个端口，例如 make run PORT=8001。"
    if isinstance(error, OverflowError):
        return f"端口 {port} 不在 0 到 65535 之间。{cure}"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"端口 {port} 已被占用（{host}），可能另一个绿通正在运行。请先停掉它，或者：{cure}"
    if isinstance(error, PermissionError):
        return f"没有权限使用端口 {port}，1024 以下的要有管理员权限。{cure}"
    return f"不能在 {host}:{port} 上提供服务：{error}。请检查主机地址和端口。"


def web_child(listener: socket.socket, workers: int, app: str = APP) -> Child:
    """Gunicorn on the socket we already hold; synchronous workers, because printing keeps a processor busy."""
    command = [sys.executable, "-m", "gunicorn", "--workers", str(workers), "--bind", f"fd://{listener.fileno()}"]
    command += ["--log-level", "warning", "--graceful-timeout", "5", "--no-control-socket", app]
    return Child("网页服务", command, (listener.fileno(),))


def work_child() -> Child:
    """`greenchannel work` under the same interpreter, wherever the console script lies."""
    start = "from web.commands import main; raise SystemExit(main())"
    return Child("后台进程", [sys.executable, "-c", start, "work"])


def supervise(
    children: Sequence[Child], listener: socket.socket, notice: Sequence[str] = (), ready_within: float = READY_WITHIN
) -> int:
    """Start the children, print the URL when the server answers, wait for a signal or a breakdown, end all of them.

    `ready_within` in seconds. Returns 0 after a signal, 1 when a child ended by itself or the server never answered.
    """
    host, port = listener.getsockname()[:2]
    running: list[tuple[Child, subprocess.Popen[bytes]]] = []
    with _signals() as asked:
        try:
            for child in children:
                running.append((child, _start(child)))
            listener.close()  # the web server holds its own copy
            ready = _wait_ready(running, asked, host, port, ready_within)
            if ready:
                _announce(host, port, notice)
            while ready and not asked.is_set() and not _ended(running):
                asked.wait(0.2)
            return _verdict(running, asked, ready, ready_within)
        finally:
            _stop([process for _, process in running], asked)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C, TERM and a closed terminal set; the former handlers come back afterwards."""
    asked = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    former = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield asked
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _start(child: Child) -> subprocess.Popen[bytes]:
    """A process in a session of its own (Ctrl-C reaches it through us, once), told to end when we vanish."""
    return subprocess.Popen(
        child.command, pass_fds=child.descriptors, start_new_session=True, preexec_fn=_end_with_parent
    )


def _end_with_parent() -> None:
    """Ask Linux for a TERM at the parent's death, else `kill -9` of the parent would leave the children behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_ready(
    running: Sequence[tuple[Child, subprocess.Popen[bytes]]],
    asked: threading.Event,
    host: str,
    port: int,
    within: float,
) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and not asked.is_set() and not _ended(running):
        if _answers(host, port):
            return True
        asked.wait(0.1)
    return False


def _answers(host: str, port: int) -> bool:
    """Whether the first page comes without a breakdown."""
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _announce(host: str, port: int, notice: Sequence[str]) -> None:
    shown = _reachable(host)
    print(f"绿通已启动：http://{f'[{shown}]' if ':' in shown else shown}:{port}/", flush=True)
    for line in notice:
        print(line, flush=True)
    print("按 Ctrl-C 结束。", flush=True)


def _ended(running: Sequence[tuple[Child, subprocess.Popen[bytes]]]) -> list[str]:
    """The names of the children that are no longer there, with their exit codes."""
    return [f"{child.name}（退出码 {process.returncode}）" for child, process in running if process.poll() is not None]


def _verdict(
    running: Sequence[tuple[Child, subprocess.Popen[bytes]]], asked: threading.Event, ready: bool, within: float
) -> int:
    if asked.is_set():
        return DONE
    if ended := _ended(running):
        print(f"{'、'.join(ended)}自己停了，全部服务随之结束。请看上面的出错信息。", file=sys.stderr, flush=True)
    elif not ready:
        seconds = f"{within:.0f} 秒"
        print(f"网页服务 {seconds}内没有正常应答首页，已全部结束。请看上面的出错信息。", file=sys.stderr, flush=True)
    return BROKEN


def _stop(processes: Sequence[subprocess.Popen[bytes]], asked: threading.Event) -> None:
    """TERM to all, then time to finish; a second signal or the end of that time kills whole process groups."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    asked.clear()  # from here on a set event is somebody's second, impatient Ctrl-C
    deadline = time.monotonic() + STOP_WITHIN
    while time.monotonic() < deadline and not asked.is_set() and any(p.poll() is None for p in processes):
        asked.wait(0.05)
    for process in processes:
        _kill_group(process)
        process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a child's process group; a child that ended well has left nobody."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def main(arguments: Sequence[str]) -> int:
    """`python -m web.serve HOST PORT`: 0 when the port is free, 2 with a sentence when it is not."""
    host, port = arguments
    try:
        listen(host, int(port)).close()
    except PortTaken as error:
        print(error, file=sys.stderr, flush=True)
        return REFUSED
    except ValueError:
        print(f"端口要写成数字，现在是“{port}”。例如 make run PORT=8001。", file=sys.stderr, flush=True)
        return REFUSED
    return DONE


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
