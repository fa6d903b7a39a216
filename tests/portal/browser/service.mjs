// The portal that is proven: the binary itself, in a folder of its own, with the built-in rules and a token for authors.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

/** What an author signs in with. */
export const TOKEN = "token-of-the-proof";

/** Starts `faultbook serve` at a free port and waits until it listens. */
export async function start(binary, more = []) {
  const folder = mkdtempSync(join(tmpdir(), "faultbook-browser-"));
  const hash = createHash("sha256").update(TOKEN).digest("hex");
  writeFileSync(join(folder, "faultbook.yaml"), [
    "portal:",
    "  address: http://127.0.0.1:1",
    "  mail: { server: 'smtp://127.0.0.1:9', from: help@example.org }",
    "  tokens:",
    `    - { name: author, sha256: ${hash}, statistics: true, audience: internal }`,
    "",
  ].join("\n"));
  const given = ["serve", "--listen", "127.0.0.1:0", "--config", "faultbook.yaml", "--rate-limit", "0", ...more];
  const process = spawn(resolve(binary), given, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const log = [];
  const address = await new Promise((found, failed) => {
    process.once("error", failed);
    process.once("exit", (status) => failed(new Error(`the portal ended with ${status}:\n${log.join("\n")}`)));
    createInterface({ input: process.stderr }).on("line", (line) => {
      log.push(line);
      const listens = line.match(/listening at (http:\/\/[^/]+)/);
      if (listens) found(listens[1]);
    });
  });
  const ended = new Promise((done) => process.once("exit", done));
  const stop = async () => {
    process.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { address, log, stop };
}
