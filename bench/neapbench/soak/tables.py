"""MariaDB: how its folder is made, and a client that keeps a table and knows what is in it."""
import contextlib
import os
import pwd
import random
import shutil
import subprocess

from ..failure import Failure
from ..places import SEARCHED
from .clients import expect

USER = pwd.getpwuid(os.getuid()).pw_name
DATABASE = "soak"
END = "-- end of answer --"


def prepare(place):
    installer = shutil.which("mariadb-install-db", path=SEARCHED)
    made = subprocess.run([installer, "--no-defaults", f"--datadir={place.folder}/data", f"--user={USER}", "--skip-test-db",
                           "--auth-root-authentication-method=normal"], cwd=place.folder, capture_output=True, text=True)
    if made.returncode != 0:
        raise Failure(f"mariadb: no tables could be made: {(made.stderr or made.stdout).strip().splitlines()[-1]}")


class Tables:
    """Rows that exchange the sizes of their texts, and go and come again: how much lives never changes. Each client asks through Debian's own
    client program, for which every answer ends with the same last row."""
    ROWS = 1000

    def __init__(self, place, seed):
        self.place, self.random, self.table, self.known = place, random.Random(seed), f"{DATABASE}.rows{seed}", {}
        self.sizes = [int(2 ** self.random.uniform(4, 14)) for _ in range(self.ROWS)]
        self.program = None
        self.connect()
        self.ask(f"create database if not exists {DATABASE}")
        self.ask(f"create or replace table {self.table} (id int primary key, name varchar(40), body longtext, key(name))")

    def connect(self):
        """Raises ConnectionError where no server answers yet."""
        self.close()
        self.program = subprocess.Popen(["mariadb", "--no-defaults", "-S", self.place.socket, "-u", "root", "-BNnr", "--unbuffered"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        try:
            self.ask("do 0")
        except ConnectionError:
            self.close()
            raise

    def close(self):
        if self.program:
            with contextlib.suppress(BrokenPipeError):
                self.program.stdin.close()
            self.program.stdout.close()
            self.program.wait()
            self.program = None

    def ask(self, statement):
        """Rows of the answer; those of several columns have tabs between them."""
        try:
            self.program.stdin.write(f"{statement}; select '{END}';\n")
            self.program.stdin.flush()
        except BrokenPipeError:
            pass
        rows = []
        for line in self.program.stdout:
            if line == END + "\n":
                return rows
            rows.append(line.rstrip("\n"))
        raise ConnectionError(rows[0] if rows else "the connection was closed")

    def warm(self):
        for number in range(self.ROWS):
            self.insert(number)

    def step(self):
        number, kind = self.random.randrange(self.ROWS), self.random.random()
        if kind < 0.3:
            other = self.random.randrange(self.ROWS)
            self.sizes[number], self.sizes[other] = self.sizes[other], self.sizes[number]
            for each in (number, other):
                self.update(each)
        elif kind < 0.4:
            expect(self.ask(f"delete from {self.table} where id = {number}") == [], "a delete was refused")
            self.known.pop(number, None)
            self.check(number)
            self.insert(number)
        elif kind < 0.5:
            self.check_order(number)
        elif kind < 0.51:
            self.check_sum()
        elif kind < 0.52:
            self.connect()
        else:
            self.check(number)

    def fresh(self, number):
        size = self.sizes[number]
        name = f"{self.random.randrange(100000):05}-{number}"
        return name, (f"{number}.{self.random.random()}." * (size // 4 + 1))[:size]

    def insert(self, number):
        name, body = self.fresh(number)
        expect(self.ask(f"insert into {self.table} values ({number}, '{name}', '{body}')") == [], "an insert was refused")
        self.known[number] = (name, body)

    def update(self, number):
        if number in self.known:
            name, body = self.fresh(number)
            expect(self.ask(f"update {self.table} set name = '{name}', body = '{body}' where id = {number}") == [], "an update was refused")
            self.known[number] = (name, body)

    def check(self, number):
        right = ["\t".join(self.known[number])] if number in self.known else []
        expect(self.ask(f"select name, body from {self.table} where id = {number}") == right, f"row {number} of {self.table} is another")

    def check_order(self, number):
        """Sorted by what an index does not help with."""
        within = range(number, number + 100)
        right = sorted((name[::-1] for each, (name, _) in self.known.items() if each in within), key=str)
        found = self.ask(f"select reverse(name) r from {self.table} where id between {within[0]} and {within[-1]} order by r")
        expect(found == right, f"another order in {self.table}")

    def check_sum(self):
        right = f"{len(self.known)}\t{sum(len(body) for _, body in self.known.values())}"
        expect(self.ask(f"select count(*), sum(length(body)) from {self.table}") == [right], f"another sum of {self.table}")
