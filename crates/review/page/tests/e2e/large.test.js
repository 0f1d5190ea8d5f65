/** 300 findings in a scan of 512 x 512 x 160 voxels. How fast it is, reproduce/speed/review_speed.js measures. */

import assert from "node:assert/strict";
import { testsIn } from "./room.js";
import { reading, saved } from "./support.js";

const test = testsIn("large");

test("300 findings in a large scan are listed, gone through and decided", async (room) => {
  const page = await room.openPage("anna");
  assert.equal(await page.locator("#finding-list [role=option]").count(), 300);
  for (let n = 0; n < 10; n++) await page.keyboard.press("n");
  assert.equal(await page.locator("#finding-list [aria-selected=true]").getAttribute("data-item"), "f11");
  await page.keyboard.press("a");
  await page.keyboard.press("r");
  await page.keyboard.press("2");
  await saved(page);
  const now = await reading(page);
  assert.deepEqual([now.counts.accepted, now.counts.rejected, now.counts.open], [1, 1, 298]);
  assert.equal(now.findings[11].mark?.mimic, "calcification");
});
