"""Subscribes, changes an article and unsubscribes, with a mail server of others (aiosmtpd) that asks for a login, and with Python's own
readers of mails and feeds, which are stricter than ours.

    pip install aiosmtpd
    python3 tests/portal/smtp.py target/debug/faultbook [postgres://…]

It talks plainly, over STARTTLS and over TLS from the start, with a certificate (made by openssl) of an authority that the machine is told to
trust by SSL_CERT_FILE; one that it does not trust gets neither a password nor a mail. With a database of PostgreSQL, which must be empty, two servers share it and one mail is sent for each change."""

import email
import email.policy
import logging
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
import xml.etree.ElementTree
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

RULE = """\
id: DISK
title: The disk of Zoë is full
severity: critical
audience: public
tags: [disks]
signatures:
  full:
    regex: 'disk (?<disk>\\w+) is full'
cause: Nothing is left on {{ disk }}, says Zoë.
tests:
  - { name: full, text: disk sda is full, expect: {} }
  - { name: none, text: disk sda is fine, expect: nothing }
"""
ATOM = "{http://www.w3.org/2005/Atom}"
READERS = ["ada@example.org", "bob@example.org"]


class Box:
    """Keeps what comes."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, message))
        return "250 taken"

    def to(self, reader):
        return [message for readers, message in self.mails if readers == [reader]]

    def wait(self, reader, count):
        return eventually(f"mail {count} to {reader}", lambda: (self.to(reader)[count - 1 :] or [None])[0])


def eventually(what, attempt):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if done := attempt():
            return done
        time.sleep(0.05)
    raise SystemExit(f"{what} did not happen")


def start(binary, folder, mail_server, database, trusted=None):
    log = folder / f"log{time.monotonic_ns()}"
    command = [binary, "serve", "--listen", "127.0.0.1:0", "--rules", folder / "rules", "--database", database,
               "--spool", folder / log.with_suffix(".cases").name,
               "--mail-server", mail_server, "--mail-from", "Zoë's help <kb@example.com>",
               "--public-address", "https://help.example.com"]
    environment = {**os.environ, **({"SSL_CERT_FILE": str(trusted)} if trusted else {})}
    process = subprocess.Popen([str(part) for part in command], cwd=folder, stderr=log.open("wb"), env=environment)
    found = eventually(f"a start, see {log}", lambda: re.search(r"listening at (http://\S+)/", log.read_text()))
    return process, found[1], log


def ask(address, data=None, kind="application/json"):
    request = urllib.request.Request(address, data, {"content-type": kind})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def link(message, page):
    texts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    found = {re.search(rf"https://help\.example\.com(/subscriptions/{page}\?token=[0-9a-f]{{32}})", text)[1] for text in texts}
    assert len(found) == 1, found
    return found.pop()


def subscribe(address, reader):
    body = f'{{"email": "{reader}"}}'.encode()
    assert ask(f"{address}/api/v1/articles/DISK/subscriptions", body)[0] == 202


def write_rule(folder):
    rule = folder / "rules" / "disk.yaml"
    rule.parent.mkdir()
    rule.write_text(RULE)
    return rule


def end(servers):
    for process, *_ in servers:
        process.terminate()
    for process, *_ in servers:
        assert process.wait(30) == 0


def check(binary, folder, box, mail_server, database, count, trusted):
    rule = write_rule(folder)
    servers = [start(binary, folder, mail_server, database, trusted) for _ in range(count)]
    try:
        addresses = [address for _, address, _ in servers]
        for reader, address in zip(READERS, [addresses[0], addresses[-1]]):
            subscribe(address, reader)
            path = link(box.wait(reader, 1), "confirm")
            assert ask(address + path)[0] == 200 and ask(address + path, b"")[0] == 200
        rule.write_text(RULE.replace("Nothing", "Not a byte"))
        changed = [box.wait(reader, 2) for reader in READERS]
        for message in changed:
            assert not message.defects and not [header.defects for header in message.values() if header.defects], message
            assert message["subject"] == "Changed: DISK: The disk of Zoë is full", message["subject"]
            assert message["from"].addresses[0].display_name == "Zoë's help"
            assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
            assert "+ Not a byte is left on <disk>, says Zoë." in message.get_body(("plain",)).get_content()
        one_click = message["list-unsubscribe"].strip("<>").removeprefix("https://help.example.com")
        assert ask(addresses[0] + one_click, b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded")[0] == 200
        for number, cause in enumerate(["Hardly a byte", "Less than nothing"]):
            rule.write_text(RULE.replace("Nothing", cause))
            box.wait(READERS[0], 3 + number)
        assert [len(box.to(reader)) for reader in READERS] == [4, 2], [len(box.to(reader)) for reader in READERS]
        assert len({message["message-id"] for _, message in box.mails}) == len(box.mails)
        feed = xml.etree.ElementTree.fromstring(ask(f"{addresses[0]}/feeds/tags/disks.atom")[1])
        assert [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")] == ["DISK: The disk of Zoë is full"]
    finally:
        end(servers)


def check_untrusted(binary, folder, mail_server):
    """The certificate is of an authority that the machine does not know."""
    write_rule(folder)
    servers = [start(binary, folder, mail_server, "sqlite:faultbook.db")]
    try:
        _, address, log = servers[0]
        subscribe(address, READERS[0])
        eventually(f"a word about the certificate, see {log}", lambda: "certificate" in log.read_text())
    finally:
        end(servers)


def certificate(folder):
    """A certificate for this machine, and its key."""
    files = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
                    "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def main(binary, *databases):
    # of the server: about logins without TLS, which is also tried here
    warnings.simplefilter("ignore")
    logging.disable()
    binary = Path(binary).resolve()
    box, logins = Box(), []

    def login(server, session, envelope, mechanism, data):
        logins.append(data.login)
        return AuthResult(success=(data.login, data.password) == (b"user", b"pass word"))

    keys = tempfile.TemporaryDirectory()
    trusted, key = certificate(Path(keys.name))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(trusted, key)
    plain = {"auth_require_tls": False}
    starttls = {"tls_context": tls, "require_starttls": True}
    ways = [("plain", plain, "smtp://user:pass%20word@127.0.0.1:{}"),
            ("STARTTLS", starttls, "smtp://user:pass%20word@127.0.0.1:{}?tls=required"),
            # what the server calls TLS is STARTTLS: a login over TLS from the start is to it one without
            ("TLS", {"ssl_context": tls, **plain}, "smtps://user:pass%20word@127.0.0.1:{}")]
    for name, options, mail_server in ways:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        mail_server = mail_server.format(port)
        controller = Controller(box, hostname="127.0.0.1", port=port, authenticator=login, auth_required=True, **options)
        controller.start()
        try:
            shared = databases if name == "plain" else ()
            for database, count in [("sqlite:faultbook.db", 1), *((database, 2) for database in shared)]:
                box.mails.clear()
                with tempfile.TemporaryDirectory() as folder:
                    check(binary, Path(folder), box, mail_server, database, count, trusted)
                print(f"mails, {name}: {count} server{'s' * (count > 1)}, {database.split(':')[0]}: sound", flush=True)
            if name != "plain":
                box.mails.clear(), logins.clear()
                with tempfile.TemporaryDirectory() as folder:
                    check_untrusted(binary, Path(folder), mail_server)
                assert not box.mails and not logins, (box.mails, logins)
                print(f"mails, {name}: nothing is said to a server that is not trusted", flush=True)
        finally:
            controller.stop()
    keys.cleanup()


if __name__ == "__main__":
    main(*sys.argv[1:])
