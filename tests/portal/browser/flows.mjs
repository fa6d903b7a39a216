// What readers do, from end to end.

import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";

import { expect } from "./inspect.mjs";
import { FAILED_TASK, UNKNOWN, ask } from "./scenes.mjs";

const bundle = new URL("../../data/support-bundle.tar.gz", import.meta.url);
/** Megabytes of text in which a failure is looked for, until that takes long enough to be watched. */
const SIZES = [16, 128, 1024];
/** Milliseconds that a large file may take, with a build for tests. */
const PATIENCE = 300_000;

/** A failed task is pasted, answered, the question decided, the remedy judged. Gives the link to share it. */
export async function pasted(page, hasScript) {
  await ask(page, FAILED_TASK);
  const answer = page.locator("div.answer");
  const text = await answer.innerText();
  for (const name of ["John Doe", "johndoe", "20822"]) expect(text.includes(name), `the answer has no ${name}`);
  const marked = await page.locator("mark").allInnerTexts();
  expect(marked.includes("John Doe") && marked.includes("johndoe"), `marked in the text: ${marked}`);
  expect(!page.url().includes("johndoe"), "the pasted text is in the address");
  expect(await answer.locator(".faultbook-branch").count() === 2, "before the question both remedies are there");
  await page.locator(".questions").getByRole("button", { name: "Yes" }).click();
  await page.locator(".known").waitFor();
  const branches = await answer.locator(".faultbook-branch").allInnerTexts();
  expect(branches.length === 1 && branches[0].includes("Migrate an existing account"), `after the question: ${branches}`);
  expect(await page.locator(".questions").count() === 0, "the question is asked again");
  expect((await page.getByLabel("Your text").inputValue()) === FAILED_TASK, "the text is not kept in the form");
  const share = await page.locator(".share a").getAttribute("href");
  expect(share.includes("migration") && !share.includes("johndoe"), `the link to share is ${share}`);
  await answer.getByText("Say more").click();
  await answer.getByLabel("Anything to add?").fill("It was a migration.");
  await answer.getByRole("button", { name: "It helped" }).click();
  await page.getByText("Thank you.").waitFor();
  if (hasScript) expect(await page.getByLabel("Your text").isVisible(), "with a script the answer does not stay while it is judged");
  return new URL(share).pathname + new URL(share).search;
}

/** A link that was shared brings the facts, and no question is asked again. */
export async function shared(page, link) {
  await page.goto(link);
  expect((await page.locator("body").innerText()).includes("Office 365"), "a shared link names its article");
  await page.getByLabel("The error").fill(FAILED_TASK);
  await page.getByRole("button", { name: "Find the answer" }).click();
  await page.locator(".known").waitFor();
  expect(await page.locator(".questions").count() === 0, "a shared fact is asked for again");
}

/** A text that nobody knows leads to what comes near. */
export async function unknown(page) {
  await ask(page, UNKNOWN);
  expect(await page.getByRole("heading", { name: "No article knows this failure" }).isVisible(), "no kind word");
  expect(await page.locator("article.entry").count() > 0, "nothing comes near");
}

/** A button copies the block of code it stands beside. The shipped articles have none, so the page is given one. */
export async function copied(page) {
  const block = "<pre><code>systemctl restart mysqld\n</code></pre>";
  await page.route("**/answers", async (route) => {
    const reply = await route.fetch();
    await route.fulfill({ response: reply, body: (await reply.text()).replace(/(<section class="faultbook-resolution">)/, `$1${block}`) });
  });
  await ask(page, FAILED_TASK);
  const code = page.locator(".answer .code");
  await code.getByRole("button", { name: "Copy" }).click();
  await code.getByText("Copied").waitFor();
  const copy = await page.evaluate(() => navigator.clipboard.readText());
  expect(copy === "systemctl restart mysqld", `copied: ${copy}`);
}

/** The sample bundle is dropped; its report comes, also as PDF. Gives the address of the case. */
export async function dropped(page) {
  await page.goto("/");
  await drop(page, "support-bundle.tar.gz", readFileSync(bundle));
  await page.waitForURL("**/cases/*");
  await page.locator(".summary").waitFor({ timeout: PATIENCE });
  const text = await page.locator("main").innerText();
  for (const name of ["KB115850", "John Doe", "core.log.7.gz", "core.4711"]) expect(text.includes(name), `the case has no ${name}`);
  expect(await page.locator(".timeline rect:not(.axis)").count() > 1, "the timeline is empty");
  expect(await page.locator(".line.hit").count() > 0, "no line is shown as evidence");
  for (const [name, begin] of [["page", "<!"], ["PDF", "%PDF-"], ["Markdown", "#"], ["JSON", "{"]]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".reports a", { hasText: name }).click()]);
    const content = readFileSync(await download.path(), "utf8");
    expect(content.trimStart().startsWith(begin), `the report as ${name} begins with ${content.slice(0, 20)}`);
  }
  await page.locator(".questions").getByRole("button", { name: "Yes" }).first().click();
  await page.locator(".known").waitFor({ timeout: PATIENCE });
  const branches = (await page.locator("[data-rule=KB115850] .faultbook-branch").allInnerTexts()).join();
  expect(!branches.includes("Create a new Office 365"), "the question of a case decides nothing");
  return new URL(page.url()).pathname;
}

/** A file that takes a while tells how far it is, and its page becomes the report by itself. */
export async function watchedProgress(page) {
  for (const megabytes of SIZES) {
    await page.goto("/");
    await drop(page, "large.log.gz", gzipSync(Buffer.alloc(megabytes << 20, "2026-01-01T10:00:00Z app: nothing that anybody knows\n"), { level: 1 }));
    await page.waitForURL("**/cases/*");
    const told = await page.locator(".progress .told").evaluate((told) => new Promise((done) => {
      const first = told.textContent;
      new MutationObserver(() => told.textContent !== first && done(told.textContent)).observe(told, { childList: true, characterData: true, subtree: true });
    }), undefined, { timeout: 2000 }).catch(() => null);
    await page.locator(".summary").waitFor({ timeout: PATIENCE });
    if (told) {
      expect(/text read in \d+ files/.test(told), `progress: ${told}`);
      return new URL(page.url()).pathname;
    }
  }
  return expect(false, "no progress was seen");
}

/** An article is read, saved and found. */
export async function read(page) {
  await page.goto("/search?q=subdomain+already+in+use");
  await page.locator("article.entry a").first().click();
  await page.waitForURL("**/articles/KB115850");
  const text = await page.locator("main").innerText();
  for (const part of ["2013-03-28", "Create a new Office 365 subscription", "Migrate an existing account", "office-365"]) {
    expect(text.includes(part), `the article has no ${part}`);
  }
  for (const size of ["a4", "letter"]) {
    const pdf = await page.request.get(`/articles/KB115850.pdf?page=${size}`);
    expect(pdf.status() === 200 && (await pdf.body()).subarray(0, 5).toString() === "%PDF-", `PDF as ${size}: ${pdf.status()}`);
  }
  await page.goto("/articles");
  await page.locator("ul.facets a").first().click();
  expect(await page.locator("ul.facets a.chosen").count() === 1 && await page.locator("article.entry").count() > 0, "a filter does not filter");
  await page.locator("ul.facets a.chosen").click();
  expect(await page.locator("ul.facets a.chosen").count() === 0, "a filter cannot be taken away");
}

/** The first key leads past the head of the page. */
export async function byKeyboard(page) {
  await page.goto("/");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to the content" });
  expect(await skip.evaluate((link) => link === document.activeElement && link.getBoundingClientRect().width > 50), "no link past the head");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await page.getByLabel("The error").evaluate((field) => field === document.activeElement), "the link past the head leads elsewhere");
  await page.keyboard.type("disk is full");
  await page.keyboard.press("Tab");
  const ring = await page.evaluate(() => [document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]);
  expect(ring[0] === "Find the answer" && ring[1] === "solid", `after the text comes ${ring}`);
}

/** A case is deleted and then nobody's. */
export async function deleted(page, address) {
  await page.goto(address);
  await page.getByRole("button", { name: "Delete this case now" }).click();
  await page.waitForURL("**/");
  expect((await page.request.get(address)).status() === 404, "a deleted case is still there");
}

async function drop(page, name, content) {
  const transfer = await page.evaluateHandle(([name, content]) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name));
    return transfer;
  }, [name, Buffer.from(content).toString("base64")]);
  await page.dispatchEvent("form.drop", "drop", { dataTransfer: transfer });
}
