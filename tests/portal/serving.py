"""A portal for the tests in Python: started in a folder of its own, spoken to over plain sockets, ended with the test. Needs Python alone."""

import http.client
import json
import re
import subprocess
import tempfile
import time
from pathlib import Path

RULE = """\
id: DISK
title: The disk is full
severity: critical
audience: public
signatures:
  full:
    regex: 'disk (?<disk>\\w+) is full'
cause: Nothing is left on {{ disk }}.
tests:
  - { name: full, text: disk sda is full, expect: {} }
  - { name: none, text: disk sda is fine, expect: nothing }
"""


class Portal:
    """`with Portal(binary, "--rate-limit", "0") as portal:`; without rules of its own, one rule that knows full disks."""

    def __init__(self, binary, *arguments, rules=None):
        self.binary, self.arguments, self.rules = Path(binary).resolve(), arguments, rules

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)
        rules = self.rules
        if rules is None:
            rules = self.folder / "rules"
            rules.mkdir()
            (rules / "disk.yaml").write_text(RULE)
        self.log = self.folder / "log"
        command = [self.binary, "serve", "--listen", "127.0.0.1:0", "--rules", rules, *self.arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([str(part) for part in command], cwd=self.folder, stderr=log, stdout=log)
        while not (said := re.search(r"listening at http://([\d.]+):(\d+)/", self.log.read_text(errors="replace"))):
            if self.process.poll() is not None:
                raise SystemExit(f"the portal did not start:\n{self.log.read_text(errors='replace')}")
            time.sleep(0.05)
        self.address = (said[1], int(said[2]))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.place.cleanup()

    def ask(self, method, path, body=None, headers={}, timeout=60):
        """Status, headers and body of one request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            connection.close()

    def memory(self, name):
        """`VmRSS` or `VmHWM`, in MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1]) / 1024

    def spooled(self):
        """Names in the folder of uploads, besides the portal's own."""
        own = ("folder", "redaction-key")
        return sorted(file.name for file in (self.folder / "faultbook-cases").iterdir() if file.name not in own)

    def case(self, location, patience=600):
        """A case once it is over."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            status, _, body = self.ask("GET", location)
            if status != 200:
                raise AssertionError(f"{location}: {status} {body[:300]}")
            case = json.loads(body)
            if case["state"] in ("done", "failed"):
                return case
            time.sleep(0.5)
        raise AssertionError(f"{location} is not done after {patience} seconds")
