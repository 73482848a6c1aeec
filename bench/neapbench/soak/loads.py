"""The loads: a server, how its folder is made, and who asks it."""
import dataclasses
import os
import shutil
import socket
import subprocess

from ..failure import Failure
from ..places import BENCH, SEARCHED
from . import clients, relay, tables

SCRIPTS = BENCH / "programs"
INSTALL = "scripts/packages bench programs programs-long lab"

NGINX = """daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  gzip on; gzip_types text/plain; types {{ text/plain txt; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    root {folder}/www;
    location /via/ {{ proxy_pass https://127.0.0.1:{port}/; }}
  }}
}}
"""


class Place:
    """What a server and its clients share: a folder, a free port, a socket's name, files that are served; the machine's clock, and where
    what the clients saw is counted."""

    def __init__(self, folder, machine, counts):
        self.folder, self.socket, self.files, self.machine, self.counts = folder, folder / "socket", {}, machine, counts
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]


def _nothing(_place):
    """Most servers need nothing done before they start."""


def _seen_by_no_other(_place):
    return (), 0


def _its_own(_place, server):
    return server.pid


def _prepare_nginx(place):
    www = place.folder / "www"
    www.mkdir()
    place.files.update({"numbers.txt": "".join(f"{i}\n" for i in range(20000)).encode(), "small.txt": b"small\n" * 20,
                        "large.bin": bytes(i * i % 251 for i in range(1000)) * 300})
    for name, data in place.files.items():
        (www / name).write_bytes(data)
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30",
                           "-subj", "/CN=localhost"], cwd=place.folder, capture_output=True, text=True)
    if made.returncode != 0:
        raise Failure(f"nginx: no certificate could be made: {made.stderr.strip().splitlines()[-1]}")
    (place.folder / "nginx.conf").write_text(NGINX.format(folder=place.folder, port=place.port))


@dataclasses.dataclass(frozen=True)
class Load:
    name: str
    binary: str
    arguments: str  # parted by spaces; {port}, {folder}, {socket}, {user} and {scripts} are the place's
    client: type
    prepare: object = _nothing
    environment: tuple = ()
    ends: tuple = (0, -15)  # how it may end after SIGTERM
    start: object = None  # of (load, place, allocator, neap): where it takes more than arguments
    pid: object = _its_own  # of (place, process started): whose memory is watched; None while it does not run
    seen: object = _seen_by_no_other  # at the end: what others than our clients saw go wrong, and how much the machine's standing still broke

    @property
    def program(self):
        return shutil.which(self.binary, path=SEARCHED)

    def command(self, place, allocator, neap):
        """(words, environment) of what starts the server on the allocator."""
        if self.start:
            return self.start(self, place, allocator, neap)
        words = self.arguments.format(port=place.port, folder=place.folder, socket=place.socket, scripts=SCRIPTS, user=tables.USER).split(" ")
        preload = allocator.preload_for(self.program)
        environment = {**os.environ, **dict(self.environment), **dict(allocator.environment)}
        environment.pop("LD_PRELOAD", None)
        return [*(["env", f"LD_PRELOAD={preload}"] if preload else []), self.program, *words], environment


LOADS = (
    Load("redis", "redis-server", "--port 0 --unixsocket {socket} --save  --appendonly no", clients.Redis),
    Load("python", "python3", "-B {scripts}/service.py {port}", clients.Sessions, environment=(("PYTHONMALLOC", "malloc"),)),
    Load("nginx", "nginx", "-p {folder} -c {folder}/nginx.conf -e {folder}/error.log", clients.Files, prepare=_prepare_nginx),
    Load("node", "node", "{scripts}/service.js {port}", clients.Documents),
    Load("mariadb", "mariadbd", "--no-defaults --datadir={folder}/data --user={user} --socket={socket} --pid-file={folder}/pid --skip-networking "
         "--innodb-buffer-pool-size=32M --innodb-flush-log-at-trx-commit=0", tables.Tables, prepare=tables.prepare),
    Load("tor", "tor", "", relay.Directory, ends=(relay.ENDED,), start=relay.start, pid=relay.pid, seen=relay.seen),
)
