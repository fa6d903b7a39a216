#!/usr/bin/env python3
"""Makes support-bundle.tar.gz: the sample that the README's main command reads.

It has what real bundles have: rotated logs packed with gzip, a nested zip, a UTF-16 file, a truncated member and a
core dump. All lines are made up. The output is the same bytes every time: python3 make_support_bundle.py
"""
import gzip
import io
import struct
import tarfile
import zipfile

WHEN = 1417435200  # 2014-12-01 12:00:00 UTC

core = []
for minute in range(0, 60):
    core.append(f"2014-12-01 10:{minute:02}:04.{minute * 13 % 1000:03} INFO  [task-manager] queue length {minute % 7}, 0 failed")
    if minute in (2, 17):
        core.append(
            f"2014-12-01 10:{minute:02}:11.120 ERROR [aps-controller] Method add_customer calling failed. Reason:Could not provision "
            "customer 'John Doe' - the specified subdomain 'johndoe' is already in use\n"
            "\tat com.example.aps.Controller.call(Controller.java:311)\n"
            "\tat com.example.aps.Task.run(Task.java:88)")
    if minute == 41:
        core.append(
            "2014-12-01 10:41:09.004 ERROR [aps-controller] Method add_customer calling failed. Reason:Could not provision "
            "customer 'Contoso Ltd' - the specified subdomain 'contoso' is already in use")
core_log = "\n".join(core) + "\n"

messages = []
for second in range(0, 40):
    messages.append(f"Dec  1 09:14:{second:02} pa1 systemd[1]: Started Session {second + 100} of user root.")
messages.append("Dec  1 09:15:02 pa1 kernel: [501223.110021] java invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0")
messages.append("Dec  1 09:15:02 pa1 kernel: [501223.118754] Out of memory: Kill process 4711 (java) score 903 or sacrifice child")
messages.append("Dec  1 09:15:02 pa1 kernel: [501223.118760] Killed process 4711 (java) total-vm:8123404kB, anon-rss:6120118kB, file-rss:0kB")
messages.append("Dec  1 09:15:09 pa1 systemd[1]: Started Session 141 of user root.")

secure = []
for attempt in range(0, 24):
    secure.append(f"Nov 23 04:1{attempt // 10}:{attempt * 2 % 60:02} pa1 sshd[{2200 + attempt}]: Invalid user admin{attempt} from 198.51.100.23 port {40000 + attempt}")
    secure.append(f"Nov 23 04:1{attempt // 10}:{attempt * 2 % 60 + 1:02} pa1 sshd[{2200 + attempt}]: Failed password for invalid user admin{attempt} from 198.51.100.23 port {40000 + attempt} ssh2")

agent = ("2014-12-01 08:00:00,101 INFO agent starting\r\n"
         "2014-12-01 08:00:02,440 ERROR curl: (60) SSL certificate problem: certificate has expired\r\n"
         "2014-12-01 08:05:02,440 ERROR curl: (60) SSL certificate problem: certificate has expired\r\n")

failed_task = """<?xml version="1.0"?>
<tasks>
 <task name="APS application 'Microsoft Office 365', id 101, instance 20822 -&gt; service 'customer', instance 32383: executing configuration script">
  <output>Execution of configuration script for instance with id 32383 of service with id customer of instance with id 20822 of application with id 101 failed - returned value: -1
   output: '&lt;message&gt;Method add_customer calling failed. Reason:Could not provision customer &apos;John Doe&apos; - the specified subdomain &apos;johndoe&apos; is already in use&lt;/message&gt;' errors: ''</output>
 </task>
</tasks>
"""


def packed(text):
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as stream:
        stream.write(text.encode())
    return out.getvalue()


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2014, 12, 1, 12, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


old = packed("".join(f"2014-11-{1 + line // 800:02} 00:00:00 INFO nightly job {line * 7919 % 100003} finished\n" for line in range(12000)))
elf = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 4, 62, 1) + bytes(200)

members = [
    ("facts.yaml", b"# What the site knows about itself\nproducts:\n  operations-automation: 5.5.2\n"),
    ("var/log/pa/core.log", core_log.encode()),
    ("var/log/messages", ("\n".join(messages) + "\n").encode()),
    ("var/log/secure-20141124.gz", packed("\n".join(secure) + "\n")),
    ("var/log/agent.log", agent.encode("utf-16")),
    ("var/log/pa/core.log.7.gz", old[: len(old) * 2 // 3]),
    ("tasks/failed-tasks.zip", zipped([("2014-12-01/failed.xml", failed_task), ("README.txt", "exported by the task manager\n")])),
    ("var/crash/core.4711", elf),
]

raw = io.BytesIO()
with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
    for name, data in members:
        info = tarfile.TarInfo("pa1/" + name)
        info.size, info.mtime, info.mode = len(data), WHEN, 0o644
        tar.addfile(info, io.BytesIO(data))
with open("support-bundle.tar.gz", "wb") as out:
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=WHEN) as stream:
        stream.write(raw.getvalue())
