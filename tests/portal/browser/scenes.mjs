// Every page in the states that readers see it in. A scene opens one on a fresh browser page.

import { TOKEN } from "./service.mjs";

/** The failed task of the article 115850, between lines of a log. */
export const FAILED_TASK = `2014-12-01 10:02:09.001 INFO  provisioning: task 4711 started
2014-12-01 10:02:11.120 ERROR APS: Execution of configuration script for instance with id 32383 of service with id customer of instance with id 20822 of application with id 101 failed - returned value: -1
output: '<?xml version="1.0"?>
<error id="validation-error" setting-id="Configuration">
<message>Method add_customer calling failed. Reason:Could not provision customer 'John Doe' - the specified subdomain 'johndoe' is already in use</message>
' errors: ''
2014-12-01 10:02:12.004 INFO  provisioning: task 4711 ended`;

/** A text that no shipped article knows, near to some of them. */
export const UNKNOWN = "the subscription of the customer was refused because the domain name is not free";

/** Pastes a text on the first page. */
export async function ask(page, text) {
  await page.goto("/");
  await page.getByLabel("The error").fill(text);
  await page.getByRole("button", { name: "Find the answer" }).click();
  await page.locator("section[aria-label=Answers]").waitFor();
}

async function signIn(page) {
  await page.goto("/author");
  await page.getByLabel("Token").fill(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** All scenes; `at` has the addresses of what the flows have made. */
export const scenes = (at) => [
  { name: "home", open: (page) => page.goto("/") },
  { name: "home-shared", open: (page) => page.goto(at.share) },
  { name: "answer", open: (page) => ask(page, FAILED_TASK) },
  {
    name: "answer-decided",
    async open(page) {
      await ask(page, FAILED_TASK);
      await page.locator(".questions").getByRole("button", { name: "Yes" }).click();
      await page.locator(".known").waitFor();
    },
  },
  { name: "answer-none", open: (page) => ask(page, UNKNOWN) },
  { name: "article", open: (page) => page.goto("/articles/KB115850") },
  { name: "article-said", open: (page) => page.goto("/articles/KB115850?said=1") },
  { name: "articles", open: (page) => page.goto("/articles") },
  { name: "search", open: (page) => page.goto("/search?q=subdomain+already+in+use") },
  { name: "search-filtered", open: (page) => page.goto("/search?q=memory&severity=critical") },
  { name: "search-none", open: (page) => page.goto("/search?q=zzzzzzzz") },
  { name: "case", open: (page) => page.goto(at.case) },
  { name: "case-empty", open: (page) => page.goto(at.emptyCase) },
  { name: "missing", status: 404, open: (page) => page.goto("/nowhere") },
  { name: "missing-case", status: 404, open: (page) => page.goto("/cases/00000000000000000000000000000000") },
  { name: "author", open: (page) => page.goto("/author") },
  { name: "author-signed-in", open: signIn },
];
