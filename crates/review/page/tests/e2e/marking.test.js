/** Lesions that nobody proposed are marked by clicks and scribbles, and masks are corrected. */

import assert from "node:assert/strict";
import { testsIn } from "./room.js";
import { pixelOf, reading, saved } from "./support.js";

const test = testsIn("small");

/** Dark balls in the furnished scan that no finding holds. */
const UNFOUND = [
  [20, 44, 16],
  [44, 44, 16],
];

test("a click grows a lesion, another mode may be tried, Enter keeps it", async (room) => {
  const page = await room.openPage("marker");
  await page.keyboard.press("m");
  const at = await pixelOf(page, UNFOUND[0]);
  await page.mouse.click(at.x, at.y);
  await page.getByTestId("keep").waitFor();
  await page.keyboard.press("1");
  await page.getByTestId("keep").waitFor();
  await page.keyboard.press("Enter");
  await page.locator("#row-a1").waitFor();
  await saved(page);
  const now = await reading(page, "marker");
  const own = now.findings.at(-1);
  assert.ok(own);
  assert.deepEqual([own.item, own.origin, own.mark?.verdict], ["a1", "reader", "accepted"]);
  // The ball of two voxels' radius has 33.
  assert.equal(own.volume_mm3, 33);
  assert.deepEqual(own.center_voxel.map(Math.round), UNFOUND[0]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("z");
  await page.locator("#row-a1").waitFor({ state: "detached" });
  assert.equal((await reading(page, "marker")).counts.added, 0);
});

test("Escape drops a proposal", async (room) => {
  const page = await room.openPage("dropper");
  await page.keyboard.press("m");
  const at = await pixelOf(page, UNFOUND[0]);
  await page.mouse.click(at.x, at.y);
  await page.getByTestId("keep").waitFor();
  await page.keyboard.press("Escape");
  assert.equal((await reading(page, "dropper")).findings.length, 6);
});

test("several strokes are one group of lesions", async (room) => {
  const page = await room.openPage("grouper");
  await page.keyboard.press("g");
  for (const voxel of UNFOUND) {
    const at = await pixelOf(page, voxel);
    await page.mouse.click(at.x, at.y);
    await page.waitForTimeout(400);
  }
  await page.keyboard.press("Enter");
  await page.locator("#row-a1").waitFor();
  await saved(page);
  const own = (await reading(page, "grouper")).findings.at(-1);
  assert.ok(own);
  assert.deepEqual([own.count, own.volume_mm3, own.mark?.is_group], [2, 66, true]);
  assert.equal((await reading(page, "grouper")).counts.microbleeds, 2);
});

test("brush and eraser change a mask, one stroke at a time", async (room) => {
  const page = await room.openPage("painter");
  const volume = async () => (await reading(page, "painter")).findings[0].volume_mm3;
  assert.equal(await volume(), 33);
  const center = (await reading(page, "painter")).findings[0].center_voxel;
  await page.keyboard.press("b");
  const beside = await pixelOf(page, [center[0] + 4, center[1], center[2]]);
  await page.mouse.move(beside.x, beside.y);
  await page.mouse.down();
  await page.mouse.move(beside.x + 3, beside.y);
  await page.mouse.up();
  await page.waitForFunction(() => document.querySelector("#row-f1 .about")?.textContent !== "");
  await saved(page);
  const painted = await volume();
  assert.ok(painted > 33, `${painted}`);
  await page.keyboard.press("e");
  const middle = await pixelOf(page, center);
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  await page.mouse.up();
  await saved(page);
  assert.ok((await volume()) < painted);
  await page.keyboard.press("z");
  await page.keyboard.press("z");
  await saved(page);
  assert.equal(await volume(), 33);
});

test("a landmark has a type and a place", async (room) => {
  const page = await room.openPage("pointer");
  await page.keyboard.press("l");
  const at = await pixelOf(page, [30, 30, 16]);
  await page.mouse.click(at.x, at.y);
  await page.getByTestId("landmark-menu-siderosis").click();
  await saved(page);
  await page.getByTestId("tab-scan").click();
  assert.match(await page.getByTestId("landmarks").innerText(), /superficial siderosis/);
  const [landmark] = (await reading(page, "pointer")).landmarks;
  assert.equal(landmark.type, "siderosis");
  // Voxels of 1 mm, counted from the corner.
  assert.deepEqual(landmark.world.map(Math.round).slice(0, 2), [30, 30]);
});
