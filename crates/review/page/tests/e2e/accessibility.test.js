/** No serious fault by axe-core, in what is open at a time. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { testsIn } from "./room.js";

const test = testsIn("small");

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** @param {import("playwright-core").Page} page @param {string} state */
async function check(page, state) {
  // The page's policy forbids scripts of others; the test's own is let in past it.
  const found = await page.evaluate(
    async (source) => {
      if (!window.axe) globalThis.eval(source);
      if (!window.axe) throw new Error("axe-core did not start");
      const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
      return violations.map(({ id, impact, nodes }) => ({
        id,
        impact,
        target: nodes.map(({ target }) => target.join(" ")),
      }));
    },
    await readFile(AXE, "utf8"),
  );
  const serious = found.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious, [], state);
}

test("every part of the page can be used by everybody", async (room) => {
  const page = await room.openPage("anna");
  await check(page, "finding");
  await page.keyboard.press("r");
  await check(page, "mimic menu");
  await page.keyboard.press("Enter");
  for (const tab of ["forms", "report", "scan", "finding"]) {
    await page.getByTestId(`tab-${tab}`).click();
    await check(page, tab);
  }
  for (const button of ["help-button", "run-button", "export-button", "agreement-button", "reader-button"]) {
    await page.getByTestId(button).click();
    await page.locator("dialog[open]").waitFor();
    await check(page, button);
    await page.keyboard.press("Escape");
  }
});

test("all of it is reached by Tab, with a focus that is seen", async (room) => {
  const page = await room.openPage("tabber");
  const reached = new Set();
  for (let n = 0; n < 120; n++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const element = /** @type {HTMLElement} */ (document.activeElement);
      const style = getComputedStyle(element);
      const isSeen = style.outlineStyle !== "none" || style.boxShadow !== "none";
      return { name: element.dataset.testid ?? element.id, isSeen };
    });
    if (!at.name) continue;
    assert.ok(at.isSeen, `${at.name} shows its focus`);
    reached.add(at.name);
  }
  // What cannot be used now, such as undoing, is no stop.
  const all = await page.evaluate(() =>
    [...document.querySelectorAll("button, select, textarea, input, [tabindex='0']")]
      .filter((element) => element.checkVisibility() && !(/** @type {HTMLButtonElement} */ (element).disabled))
      .filter((element) => /** @type {HTMLElement} */ (element).tabIndex >= 0)
      .map((element) => /** @type {HTMLElement} */ (element).dataset.testid ?? element.id)
      .filter((name) => name),
  );
  assert.ok(all.length > 30, `${all}`);
  assert.deepEqual(
    all.filter((name) => !reached.has(name)),
    [],
  );
});
