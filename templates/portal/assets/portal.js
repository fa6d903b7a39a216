// What makes the pages nicer; all of them work without it.
"use strict";

// a button on each block of code that copies it
for (const block of document.querySelectorAll(".answer pre:not(.log)")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.innerText.trimEnd());
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  const frame = document.createElement("div");
  frame.className = "code";
  block.before(frame);
  frame.append(block, button);
  if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
}

// files may be dropped anywhere on the form
const drop = document.querySelector("form.drop");
if (drop) {
  const input = drop.querySelector("input[type=file]");
  const over = (on) => drop.classList.toggle("over", on);
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); over(true); });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (event.dataTransfer.files.length === 0) return;
    input.files = event.dataTransfer.files;
    drop.requestSubmit();
  });
  drop.addEventListener("submit", () => {
    const button = drop.querySelector("button");
    button.disabled = true;
    button.textContent = "Uploading …";
  });
}

// a word about an answer is said without leaving it
for (const form of document.querySelectorAll("form.feedback")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, event.submitter));
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    form.querySelector("[role=status]")?.remove();
    form.append(said);
    const answer = await fetch(form.action, { method: "POST", body: fields, redirect: "manual" }).catch(() => null);
    if (answer && (answer.ok || answer.type === "opaqueredirect")) {
      form.querySelector("fieldset").remove();
      said.textContent = "Thank you. What readers say is read by the authors of the articles.";
    } else {
      said.className = "failed";
      said.textContent = "This could not be sent. Try again in a moment.";
    }
  });
}

// how a case comes along
const progress = document.querySelector("[data-events]");
if (progress) {
  const title = progress.querySelector("h2");
  const told = progress.querySelector(".told");
  const size = (bytes) => bytes < 1048576 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
  const events = new EventSource(progress.dataset.events);
  events.addEventListener("progress", (event) => {
    const { state, progress: at } = JSON.parse(event.data);
    if (state === "running") {
      title.textContent = "It is being looked through";
      told.textContent = `${size(at.bytes)} of text read in ${at.files} files${at.current ? ": " + at.current : ""}`;
    } else {
      told.textContent = `${at.before} before it`;
    }
  });
  events.addEventListener("end", () => { events.close(); location.reload(); });
}

// an answer is what the reader came for
const answers = document.querySelector("section[aria-label=Answers] h2");
if (answers) answers.scrollIntoView({ block: "start" });
