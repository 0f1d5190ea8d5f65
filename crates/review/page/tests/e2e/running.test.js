/** A folder of scans that nobody has looked at: a scan and a method are chosen on the page, the method runs. */

import assert from "node:assert/strict";
import { testsIn } from "./room.js";
import { reading, saved } from "./support.js";

const test = testsIn("visits");

test("a scan is chosen, a method runs with progress, the other visit is laid beside it", async (room) => {
  const page = await room.openPage("anna", { wait: false });
  await page.getByTestId("scan-1").click();
  await page.getByTestId("method-rules").check();
  await page.getByTestId("run-start").click();
  const stage = page.getByTestId("run-stage");
  await stage.getByText(/brain|searching|reading/).waitFor();
  await page.locator("#finding-list [role=option]").first().waitFor({ timeout: 120_000 });
  assert.ok((await reading(page)).findings.length > 0);
  await page.keyboard.press("a");
  await saved(page);
  assert.equal((await reading(page)).counts.accepted, 1);

  // New findings would hide what was decided.
  await page.getByTestId("run-button").click();
  await page.getByTestId("method-rules").check();
  await page.getByTestId("run-start").click();
  await page.getByText(/would hide them/).waitFor({ timeout: 120_000 });
  await page.keyboard.press("Escape");

  const beside = page.getByTestId("partner-select");
  const values = await beside
    .locator("option")
    .evaluateAll((options) => options.map((option) => option.getAttribute("value")));
  const visit = values.find((value) => value?.startsWith("scan-"));
  assert.ok(visit, `${values}`);
  await beside.selectOption(visit);
  await page.locator("#partner-label").waitFor({ timeout: 120_000 });
});
