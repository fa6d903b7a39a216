// What must hold on every page: nothing that keeps readers out (axe), nothing that leaves a narrow screen, no complaint of the browser.

import { createRequire } from "node:module";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Everything that went wrong, to be told at the end all at once. */
export const faults = [];

/** Notes a fault unless something holds. */
export function expect(holds, what) {
  if (!holds) {
    faults.push(what);
    console.log(`  FAULT ${what}`);
  }
}

/** A page whose complaints are noted; what `forgiven` accepts is part of what is shown. */
export async function watched(context, forgiven = () => false) {
  const page = await context.newPage();
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI} ${event.sample}`);
    });
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !forgiven(message.text())) {
      expect(false, `${page.url()} said: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => expect(false, `${page.url()} threw: ${error.message}`));
  return page;
}

/** Lets axe look at a page. Faults that keep somebody out are faults; smaller ones are told. */
export async function accessible(page, name) {
  // the page's policy keeps foreign scripts out, therefore through the debugger, which it does not bind
  const { readFileSync } = await import("node:fs");
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: readFileSync(axe, "utf8") + ";0" });
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
    expression: "axe.run(document, { resultTypes: ['violations'] }).then(found => JSON.stringify(found.violations.map(v => ({ id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')) }))))",
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  if (exceptionDetails) throw new Error(`axe: ${exceptionDetails.text}`);
  for (const violation of JSON.parse(result.value)) {
    const told = `${name}: ${violation.id} (${violation.impact}) ${violation.help}: ${violation.nodes.slice(0, 3).join(" | ")}`;
    if (["serious", "critical"].includes(violation.impact)) expect(false, told);
    else console.log(`  note  ${told}`);
  }
}

/** What is wider than the screen, if anything is: the outermost elements that do not scroll in themselves. */
export async function tooWide(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const scrolls = (element) => element && (["auto", "scroll", "hidden"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    return [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element.parentElement))
      .map((element) => element.outerHTML.slice(0, 120));
  });
}
