"""Clients: each asks one server over one connection, and knows what has to come back. warm() fills the server; step() makes a request and
raises Wrong where something else comes back."""
import http.client
import json
import random
import socket
import ssl


class Wrong(Exception):
    """An answer that is not the right one."""


def expect(holds, what):
    if not holds:
        raise Wrong(what)


class Unanswered(ConnectionError):
    """A kept connection was closed before an answer began."""


CLOSED = ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError


def persistently(place, ask):
    """What `ask` returns, which only reads. It is called again where a kept connection was closed, which a server may do at any moment and
    every client that keeps one has to live with (RFC 9112, 9.3.1), and where the machine stood still meanwhile: the server may have lost its
    patience with a client that stood still too."""
    while True:
        still = place.machine.stood_still_s()
        try:
            return ask()
        except (OSError, http.client.HTTPException) as error:
            if not isinstance(error, Unanswered) and place.machine.stood_still_s() == still:
                raise
            place.counts.asked_again()


class Redis:
    """Values that exchange their sizes, and keys that go and come again: how much lives never changes. Each client has keys of its own and
    knows what is in them."""
    KEYS = 4000

    def __init__(self, place, seed):
        self.random, self.seed, self.known = random.Random(seed), seed, {}
        self.sizes = [int(2 ** self.random.uniform(4, 14)) for _ in range(self.KEYS)]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(place.socket))
        self.file = self.socket.makefile("rb")

    def warm(self):
        for number in range(self.KEYS):
            self.write(number)

    def step(self):
        number, kind = self.random.randrange(self.KEYS), self.random.random()
        if kind < 0.4:
            other = self.random.randrange(self.KEYS)
            self.sizes[number], self.sizes[other] = self.sizes[other], self.sizes[number]
            self.write(number)
            self.write(other)
        elif kind < 0.45:
            expect(self.call("DEL", self.key(number)) == int(number in self.known), "DEL counted wrong")
            self.known.pop(number, None)
            self.check(number)
            self.write(number)
        else:
            self.check(number)

    def close(self):
        self.file.close()
        self.socket.close()

    def key(self, number):
        return f"key:{self.seed}:{number}"

    def write(self, number):
        size = self.sizes[number]
        value = (f"{number}.{self.random.random()}." * (size // 4 + 1))[:size].encode()
        expect(self.call("SET", self.key(number), value) == b"OK", "SET was refused")
        self.known[number] = value

    def check(self, number):
        expect(self.call("GET", self.key(number)) == self.known.get(number), f"GET of {self.key(number)} gave another value")

    def call(self, *words):
        words = [word if isinstance(word, bytes) else word.encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        line = self.file.readline().rstrip()
        expect(line, "the connection was closed")
        if line[:1] != b"$":
            return int(line[1:]) if line[:1] == b":" else line[1:]
        size = int(line[1:])
        return None if size < 0 else self.file.read(size + 2)[:-2]


class Web:
    """One connection that is kept; subclasses say what is asked and what has to come back."""

    def __init__(self, place, seed):
        self.place, self.random = place, random.Random(seed)
        self.connection = self.connect()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.place.port)

    def warm(self):
        for _ in range(50):
            self.step()

    def close(self):
        self.connection.close()

    def get(self, path):
        status, body = persistently(self.place, lambda: self.ask(path))
        expect(status == 200, f"status {status} for {path}")
        return body

    def ask(self, path):
        try:
            answer = self.begin(path)
            return answer.status, answer.read()
        except BaseException:
            self.connection.close()
            raise

    def begin(self, path):
        is_kept = self.connection.sock is not None
        try:
            self.connection.request("GET", path)
            return self.connection.getresponse()
        except CLOSED as error:
            if is_kept:
                raise Unanswered from error
            raise


class Sessions(Web):
    """bench/programs/service.py: a store of 2,000 sessions of which each request replaces one."""

    def step(self):
        answer = json.loads(self.get("/?level=20"))
        items = answer["items"]
        expect(0 < answer["sessions"] <= 2000 and items == [f"item-{i}" for i in range(len(items))], "another document came back")

    def warm(self):
        for _ in range(600):
            self.step()


class Documents(Web):
    """bench/programs/service.js: a document that the number in the path tells, through JSON and compression."""

    def step(self):
        number = self.random.randrange(100000)
        answer = json.loads(self.get(f"/{number}"))
        right = [{"key": i, "text": "x" * (i % 40), "value": number * i} for i in range(number % 300)]
        expect(answer == {"number": number, "list": right}, "another document came back")


class Files(Web):
    """nginx: files over TLS, plain, compressed, and through a proxy; every tenth request over a new connection."""

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.place.port, context=ssl._create_unverified_context())

    def step(self):
        name = self.random.choice(tuple(self.place.files))
        if self.random.random() < 0.1:
            self.connection.close()
        expect(self.get(self.random.choice(("/", "/via/")) + name) == self.place.files[name], f"{name} came back changed")
