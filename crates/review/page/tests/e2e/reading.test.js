/** Findings are looked at, accepted and rejected with the keyboard, and all of it can be taken back. */

import assert from "node:assert/strict";
import { testsIn } from "./room.js";
import { ready, reading, saved } from "./support.js";

const test = testsIn("small");

/** @param {import("playwright-core").Page} page */
const selected = (page) => page.locator("#finding-list [aria-selected=true]").getAttribute("data-item");

test("findings are listed by confidence and gone through with the keyboard", async (room) => {
  const page = await room.openPage("lister");
  const items = await page
    .locator("#finding-list [role=option]")
    .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-item")));
  assert.deepEqual(items, ["f1", "f2", "f3", "f4", "f5", "f6"]);
  assert.equal(await selected(page), "f1");
  await page.keyboard.press("n");
  assert.equal(await selected(page), "f2");
  await page.keyboard.press("p");
  assert.equal(await selected(page), "f1");
  // Its thumbnail is a picture.
  const width = await page
    .locator("#row-f1 img")
    .evaluate((image) => /** @type {HTMLImageElement} */ (image).naturalWidth);
  assert.ok(width > 0);
});

test("accepting and rejecting with a type fill the forms in", async (room) => {
  const page = await room.openPage("decider");
  await page.keyboard.press("a");
  assert.equal(await selected(page), "f2");
  await page.keyboard.press("r");
  await page.keyboard.press("1");
  await saved(page);
  assert.equal(await selected(page), "f3");
  await page.keyboard.press("a");
  await saved(page);
  await page.keyboard.press("p");
  await page.keyboard.press("p");
  assert.equal(await selected(page), "f2");
  // The form follows the pictures.
  await page.waitForFunction(
    () => document.querySelector("#finding-mimic option:checked")?.getAttribute("value") === "vessel",
  );
  await page.keyboard.press("p");
  await page.keyboard.press("u");
  await page.getByTestId("finding-region").selectOption("thalamus");
  await page.getByTestId("side-left").click();
  await page.getByTestId("finding-location").selectOption("thalamus");
  await page.getByTestId("size-large").click();
  await page.getByTestId("finding-cause").selectOption("hypertensive");
  await page.getByTestId("finding-note").fill("round, beside the capsule");
  await page.getByTestId("finding-note").blur();
  await saved(page);
  const now = await reading(page, "decider");
  assert.deepEqual(now.counts, {
    accepted: 2,
    open: 3,
    rejected: 1,
    added: 0,
    microbleeds: 2,
    macrohaemorrhages: 0,
    burden_group: "1-4",
  });
  const { mark } = now.findings[0];
  assert.ok(mark);
  assert.deepEqual(
    [mark.certainty, mark.region, mark.side, mark.size, mark.cause, mark.note],
    ["possible", "thalamus", "left", "large", "hypertensive", "round, beside the capsule"],
  );
  const line = now.forms.bombs.lines.find(({ location }) => location === "thalamus");
  assert.equal(line?.uncertain_large.left, 1);
  await page.keyboard.press("f");
  assert.match(await page.getByTestId("mars").innerText(), /thalamus/);
  assert.match(await page.getByTestId("forms-sum").innerText(), /2/);
  // A letter in a text field is a letter.
  await page.getByTestId("tab-finding").click();
  await page.getByTestId("finding-note").fill("");
  await page.getByTestId("finding-note").pressSequentially("arnd");
  assert.equal(await page.getByTestId("finding-note").inputValue(), "arnd");
  assert.equal((await reading(page, "decider")).counts.open, 3);
});

test("undo and redo, also after the page was reloaded", async (room) => {
  const page = await room.openPage("undoer");
  await page.keyboard.press("a");
  await page.keyboard.press("a");
  await saved(page);
  assert.equal((await reading(page, "undoer")).counts.accepted, 2);
  await page.keyboard.press("z");
  await saved(page);
  await page.waitForFunction(() => document.querySelector("#row-f2")?.getAttribute("data-verdict") === "open");
  await page.reload();
  await ready(page);
  await page.getByTestId("undo-button").click();
  await page.waitForFunction(() => document.querySelector("#row-f1")?.getAttribute("data-verdict") === "open");
  assert.equal((await reading(page, "undoer")).counts.accepted, 0);
  await page.keyboard.press("y");
  await page.keyboard.press("Control+Shift+z");
  await page.waitForFunction(() => document.querySelector("#row-f2")?.getAttribute("data-verdict") === "accepted");
  assert.equal((await reading(page, "undoer")).counts.accepted, 2);
});

test("image quality, the report's text, the report and the trail", async (room) => {
  const page = await room.openPage("reporter");
  await page.keyboard.press("a");
  await page.getByTestId("tab-report").click();
  assert.match(await page.getByTestId("report-text").innerText(), /No acute infarct/);
  await page.getByTestId("quality-button").click();
  await page.getByTestId("quality-usable").click();
  await page.getByTestId("artefact-motion").check();
  await saved(page);
  assert.deepEqual((await reading(page, "reporter")).quality, { rating: "usable", artefacts: ["motion"], note: "" });
  const opened = page.context().waitForEvent("page");
  await page.keyboard.press("0");
  const report = await opened;
  await report.waitForLoadState();
  assert.match(await report.innerText("body"), /Microbleeds read in sub-01_T2starw by reporter/);
  assert.match(await report.innerText("body"), /usable; motion/);
  const trail = await page.request.get(
    new URL(/** @type {string} */ (await page.getByTestId("audit").getAttribute("href")), page.url()).href,
  );
  assert.match(await trail.text(), /f1: accepted/);
});

test("window, slab, slices, outlines and crosshair", async (room) => {
  const page = await room.openPage("looker");
  const picture = () => page.locator("#stage").screenshot();
  const settled = () => page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 400)));
  let before = await picture();
  for (const key of ["+", "t", "PageUp", "o", "x", "w"]) {
    await page.keyboard.press(key);
    await settled();
    const now = await picture();
    assert.ok(!now.equals(before), `${key} changes the picture`);
    before = now;
  }
});
