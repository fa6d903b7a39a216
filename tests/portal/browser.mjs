// Proves the pages of the portal in a real Chromium.
//
//   cd tests/portal && npm ci
//   node tests/portal/browser.mjs PATH-OF-FAULTBOOK OUT-FOLDER [SCENE]
//
// It starts the binary itself, does what readers do, with and without scripts, and looks at every page on wide and narrow screens, light and
// dark: axe finds nothing serious, nothing leaves the screen sideways, the browser has nothing to complain about. A picture of each is left in
// OUT-FOLDER; with SCENE, only of those whose names begin so. Status 1: something does not hold. CHROMIUM names another browser than
// /usr/bin/chromium, FAULTBOOK_TEMPLATES a folder with layouts that are worked on.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

import * as flows from "./browser/flows.mjs";
import { accessible, expect, faults, tooWide, watched } from "./browser/inspect.mjs";
import { scenes } from "./browser/scenes.mjs";
import { start } from "./browser/service.mjs";

const SCREENS = {
  desktop: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};
/** The narrowest screen on which the pages must be readable. */
const NARROW = { viewport: { width: 320, height: 640 } };

const [binary, folder, only = ""] = process.argv.slice(2);
if (!binary || !folder) {
  console.error("usage: node browser.mjs PATH-OF-FAULTBOOK OUT-FOLDER [SCENE]");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", ...quiet] });
const portal = await start(binary, process.env.FAULTBOOK_TEMPLATES ? ["--templates", process.env.FAULTBOOK_TEMPLATES] : []);

/** Does something on a page of a browser that nobody has used. */
async function fresh(options, work, forgiven) {
  const context = await browser.newContext({ baseURL: portal.address, ...options });
  context.setDefaultTimeout(20_000);
  try {
    return await work(await watched(context, forgiven), context);
  } finally {
    await context.close();
  }
}

/** One flow; what it throws is a fault, and the others go on. */
async function flow(name, options, work) {
  console.log(name);
  const granted = options.javaScriptEnabled === false ? {} : { permissions: ["clipboard-read", "clipboard-write"] };
  try {
    return await fresh({ ...SCREENS.desktop, ...granted, ...options }, work);
  } catch (error) {
    return expect(false, `${name}: ${error.message}`);
  }
}

try {
  const at = {};
  at.share = await flow("a pasted text", {}, (page) => flows.pasted(page, true));
  await flow("a shared link", {}, (page) => flows.shared(page, at.share));
  await flow("a pasted text, without a script", { javaScriptEnabled: false }, (page) => flows.pasted(page, false));
  await flow("a text nobody knows", {}, flows.unknown);
  await flow("code that is copied", {}, flows.copied);
  await flow("by keyboard", {}, flows.byKeyboard);
  await flow("an article", {}, flows.read);
  at.case = await flow("a dropped archive", {}, flows.dropped);
  at.emptyCase = await flow("a large file", {}, flows.watchedProgress);

  const shown = scenes(at).filter((scene) => scene.name.startsWith(only));
  for (const [screen, device] of Object.entries(SCREENS)) {
    for (const colorScheme of ["light", "dark"]) {
      for (const scene of shown) {
        const name = `${scene.name}-${screen}-${colorScheme}`;
        console.log(name);
        const isExpected = (text) => scene.status && text.includes(`status of ${scene.status}`);
        await fresh({ ...device, colorScheme, reducedMotion: "reduce" }, async (page) => {
          await scene.open(page);
          await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
          await accessible(page, name);
          expect((await tooWide(page)).length === 0, `${name} is too wide: ${await tooWide(page)}`);
        }, isExpected).catch((error) => expect(false, `${name}: ${error.message}`));
      }
    }
  }
  for (const scene of shown) {
    const name = `${scene.name}-narrow`;
    await fresh(NARROW, async (page) => {
      await scene.open(page);
      await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
      expect((await tooWide(page)).length === 0, `${name} is too wide: ${await tooWide(page)}`);
    }, () => true).catch((error) => expect(false, `${name}: ${error.message}`));
  }
  await flow("a case that is deleted", {}, (page) => flows.deleted(page, at.case));
} finally {
  await browser.close();
  await portal.stop();
}
const bugs = portal.log.filter((line) => /\b(ERROR|WARN|panic)/.test(line));
expect(bugs.length === 0, `the portal's log: ${bugs.slice(0, 5).join("\n")}`);
console.log(faults.length === 0 ? "all holds" : `${faults.length} faults:\n${faults.join("\n")}`);
process.exitCode = faults.length === 0 ? 0 : 1;
