/** Two readers, blinded to each other, then compared, and what they decide together. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { closeBrowser, furnished, openPage, reading, removed, saved, serve } from "./support.js";

/** @type {string} */
let folder;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;

before(async () => {
  folder = await furnished("small");
  server = await serve([folder]);
});
after(async () => {
  await server.kill();
  await closeBrowser();
  await removed(folder);
});

/** Decides all six: `a` accepts, `r` rejects. @param {import("playwright-core").Page} page @param {string} keys */
async function decide(page, keys) {
  for (const key of keys) {
    await page.keyboard.press(key);
    if (key === "r") await page.keyboard.press("Enter");
    await saved(page);
  }
}

/** @param {import("playwright-core").Page} page */
async function finish(page) {
  await page.getByTestId("tab-scan").click();
  await page.getByTestId("finish").click();
  await saved(page);
}

test("two readers agree on some, and decide the rest together", async () => {
  const anna = await openPage(server.address, { reader: "anna" });
  await decide(anna.page, "aaarrr");
  await finish(anna.page);
  assert.equal((await reading(anna.page, "anna")).finished, true);

  const ben = await openPage(server.address, { reader: "ben" });
  // Nothing of Anna's is there.
  const shown = await ben.page.locator("#finding-list [data-verdict=open]").count();
  assert.equal(shown, 6);
  await ben.page.getByTestId("agreement-button").click();
  await ben.page.getByText(/blinded to each other/).waitFor();
  await ben.page.keyboard.press("Escape");
  await decide(ben.page, "aararr");
  await finish(ben.page);

  await ben.page.getByTestId("agreement-button").click();
  const table = await ben.page.getByTestId("agreement-table").innerText();
  // Both accept two, each one alone, both reject two: F1 4 / 6, kappa (4/6 - 1/2) / (1/2) = 1/3.
  assert.match(table, /anna/);
  assert.match(table, /0\.67/);
  assert.match(table, /0\.33/);
  await ben.page.getByTestId("decide-together").click();
  await ben.page.getByTestId("consensus-close").waitFor();
  const places = ben.page.locator("#finding-list [role=option]");
  assert.deepEqual(
    await places.evaluateAll((rows) =>
      rows
        .slice(0, 2)
        .map((row) => /** @type {any} */ (row).dataset.item)
        .sort(),
    ),
    ["f3", "f4"],
  );
  await ben.page.keyboard.press("a");
  await ben.page.keyboard.press("r");
  await ben.page.keyboard.press("Enter");
  await saved(ben.page);
  await ben.page.getByTestId("export-button").click();
  await ben.page.getByTestId("export-whose").selectOption("consensus");
  await ben.page.getByTestId("export-start").click();
  const said = ben.page.getByTestId("export-said");
  await said.getByText(/consensus-/).waitFor({ timeout: 60_000 });
  const exported = (await said.innerText()).match(/\S*exports\S*consensus-[0-9T]+/)?.[0] ?? "";
  assert.ok(
    existsSync(`${exported}/dataset/derivatives/siderin-review/sub-01/anat/sub-01_desc-lesions_dseg.nii.gz`),
    exported,
  );
  assert.ok(existsSync(`${exported}/readings/sub-01_T2starw/report.pdf`), exported);
  assert.deepEqual([...anna.faults, ...ben.faults], []);
  await anna.context.close();
  await ben.context.close();
});
