"""Fastify and FastAPI, which find the caller's token in the same store that counts their limits."""

import hashlib
import json
import shutil
import socket
import time
from contextlib import ExitStack

import hiredis

from bench import stub
from bench.needs import FASTIFY, HERE, PYTHON
from bench.running import UNDER_TEST, Process, children, free_port
from bench.subjects import Ground, Subject

TOKEN = "gw_pat_benchmarkbenchmarkbenchmark0000000000"
_CALLER = {
    "id": "tok_bench",
    "tenant": stub.TENANT,
    "user": stub.USER,
    "role": "owner",
    "scopes": ["contact.read", "contact.write"],
    "expires_at": time.time() + 86_400,
}


def fastify(ground: Ground, stack: ExitStack) -> Subject:
    node = shutil.which("node")
    assert node is not None
    return _start("Fastify 5", [node, str(FASTIFY / "server.js")], ground, stack)


def fastapi(ground: Ground, stack: ExitStack) -> Subject:
    uvicorn = ["-m", "uvicorn", "app:app", "--no-access-log", "--app-dir", str(HERE / "peers" / "fastapi")]
    return _start("FastAPI, as people write it", [str(PYTHON), *uvicorn], ground, stack)


def _start(name: str, line: list[str], ground: Ground, stack: ExitStack) -> Subject:
    home, port = ground.folder(name.split(maxsplit=1)[0].strip(",")), free_port()
    key = f"token:{hashlib.sha256(TOKEN.encode()).hexdigest()}"
    _store(ground, "SET", key, json.dumps(_CALLER))
    env = {
        "PORT": str(port),
        "STUB": f"http://127.0.0.1:{ground.stub_port}",
        "VALKEY": str(ground.valkey),
        "SERVICE_KEY": "bench",
        "NODE_ENV": "production",
    }
    if "uvicorn" in line:
        line = [*line, "--port", str(port)]
    process = Process(line, UNDER_TEST, cwd=home, env=env, log=home / "log")
    stack.callback(process.stop)
    process.wait_for(port)
    return Subject(name, port, [process.pid, *children(process.pid)], {"valkey": ground.valkey_pid}, TOKEN)


def _store(ground: Ground, *command: str) -> None:
    # The interpreter that is measured has what runs the gateway, and redis-py is not of it.
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(ground.valkey))
        line.sendall(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub knows one argument only
        assert line.recv(64) == b"+OK\r\n"
