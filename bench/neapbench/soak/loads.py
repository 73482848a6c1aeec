"""The loads: a server, how its folder is made, and who asks it."""
import dataclasses
import shutil
import socket
import subprocess

from ..failure import Failure
from ..places import BENCH
from . import clients

SCRIPTS = BENCH / "programs"
SEARCHED = "/usr/bin:/usr/sbin:/bin:/sbin:/usr/local/bin"
INSTALL = "scripts/packages bench programs"

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
    """What a server and its clients share: a folder, a free port, a socket's name, files that are served."""

    def __init__(self, folder):
        self.folder, self.socket, self.files = folder, folder / "socket", {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]


def _nothing(place):
    pass


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
    arguments: str  # parted by spaces; {port} and {folder} are the place's
    client: type
    prepare: object = _nothing
    environment: tuple = ()
    ends: tuple = (0, -15)  # how it may end after SIGTERM

    @property
    def program(self):
        return shutil.which(self.binary, path=SEARCHED)

    def command(self, place):
        words = self.arguments.format(port=place.port, folder=place.folder, socket=place.socket, scripts=SCRIPTS).split(" ")
        return [self.program, *words]


LOADS = (
    Load("redis", "redis-server", "--port 0 --unixsocket {socket} --save  --appendonly no", clients.Redis),
    Load("python", "python3", "-B {scripts}/service.py {port}", clients.Sessions, environment=(("PYTHONMALLOC", "malloc"),)),
    Load("nginx", "nginx", "-p {folder} -c {folder}/nginx.conf -e {folder}/error.log", clients.Files, prepare=_prepare_nginx),
    Load("node", "node", "{scripts}/service.js {port}", clients.Documents),
)
