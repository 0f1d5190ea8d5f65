/** Two readers, blinded to each other, then compared, and what they decide together. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { testsIn } from "./room.js";
import { reading, saved } from "./support.js";

const test = testsIn("small");

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

test("two readers agree on some, and decide the rest together", async (room) => {
  const anna = await room.openPage("anna");
  await decide(anna, "aaarrr");
  await finish(anna);
  assert.equal((await reading(anna, "anna")).finished, true);

  const ben = await room.openPage("ben");
  // Nothing of Anna's is there.
  const shown = await ben.locator("#finding-list [data-verdict=open]").count();
  assert.equal(shown, 6);
  await ben.getByTestId("agreement-button").click();
  await ben.getByText(/blinded to each other/).waitFor();
  await ben.keyboard.press("Escape");
  await decide(ben, "aararr");
  await finish(ben);

  await ben.getByTestId("agreement-button").click();
  const table = await ben.getByTestId("agreement-table").innerText();
  // Both accept two, each one alone, both reject two: F1 4 / 6, kappa (4/6 - 1/2) / (1/2) = 1/3.
  assert.match(table, /anna/);
  assert.match(table, /0\.67/);
  assert.match(table, /0\.33/);
  await ben.getByTestId("decide-together").click();
  await ben.getByTestId("consensus-close").waitFor();
  const places = ben.locator("#finding-list [role=option]");
  assert.deepEqual(
    await places.evaluateAll((rows) =>
      rows
        .slice(0, 2)
        .map((row) => row.getAttribute("data-item"))
        .sort(),
    ),
    ["f3", "f4"],
  );
  await ben.keyboard.press("a");
  await ben.keyboard.press("r");
  await ben.keyboard.press("Enter");
  await saved(ben);
  await ben.getByTestId("export-button").click();
  await ben.getByTestId("export-whose").selectOption("consensus");
  await ben.getByTestId("export-start").click();
  const said = ben.getByTestId("export-said");
  await said.getByText(/consensus-/).waitFor({ timeout: 60_000 });
  const exported = (await said.innerText()).match(/\S*exports\S*consensus-[0-9T]+/)?.[0] ?? "";
  assert.ok(
    existsSync(`${exported}/dataset/derivatives/siderin-review/sub-01/anat/sub-01_desc-lesions_dseg.nii.gz`),
    exported,
  );
  assert.ok(existsSync(`${exported}/readings/sub-01_T2starw/report.pdf`), exported);
});
