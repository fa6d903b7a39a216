#!/usr/bin/env python3
"""Many large uploads at the same time: none fails, all are diagnosed, and memory stays within its bound.

    tests/portal/uploads.py target/debug/faultbook [--count 50] [--megabytes 10]
"""

import argparse
import http.client
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from serving import Portal

# what the whole process may take, in MiB
MEMORY = 400
PIECE = 64 * 1024


def piece():
    """Log lines of which no rule knows any, a little different from each other."""
    lines, size, number = [], 0, 0
    while size < PIECE:
        number += 1
        line = f"2026-04-01T10:{number // 60 % 60:02}:{number % 60:02}Z host-{number % 7} app[{number * 37 % 9999}]: request {number:06x} took {number * 13 % 977} ms, all is well\n"
        lines.append(line)
        size += len(line)
    return "".join(lines).encode()[: PIECE - 1] + b"\n"


def upload(portal, number, megabytes, text, begin):
    size = megabytes * 1024 * 1024
    last = f"disk sd{number} is full\n".encode()
    connection = http.client.HTTPConnection(*portal.address, timeout=900)
    begin.wait()
    connection.putrequest("POST", f"/api/v1/cases?name=upload-{number}.log")
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader("Content-Length", str(size + len(last)))
    connection.endheaders()
    for _ in range(size // PIECE):
        connection.send(text)
    connection.send(last)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    if reply.status != 201:
        raise AssertionError(f"upload {number}: {reply.status} {body[:300]}")
    return reply.headers["location"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=10)
    options = parser.parse_args()
    text = piece()
    with Portal(options.binary, "--rate-limit", "0") as portal, ThreadPoolExecutor(options.count) as pool:
        begin = threading.Barrier(options.count)
        started = time.monotonic()
        jobs = [pool.submit(upload, portal, number, options.megabytes, text, begin) for number in range(options.count)]
        locations = [job.result() for job in jobs]
        uploaded = time.monotonic() - started
        for number, location in enumerate(locations):
            case = portal.case(location, patience=1800)
            disks = [finding["captures"]["disk"] for finding in (case["result"] or {"findings": []})["findings"]]
            assert case["state"] == "done" and disks == [f"sd{number}"], json.dumps(case)[:600]
        done = time.monotonic() - started
        peak, still = portal.memory("VmHWM"), portal.memory("VmRSS")
        for location in locations:
            assert portal.ask("DELETE", location)[0] == 204
        assert portal.spooled() == [], portal.spooled()
        total = options.count * options.megabytes
        print(f"{options.count} uploads of {options.megabytes} MB: in after {uploaded:.1f} s ({total / uploaded:.0f} MB/s), diagnosed after {done:.1f} s ({total / done:.0f} MB/s)")
        print(f"memory: at most {peak:.0f} MiB (limit {MEMORY}), {still:.0f} MiB at the end")
        if peak > MEMORY:
            sys.exit("too much memory")


main()
