/** What was decided stays, whatever happens to the server. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testsIn } from "./room.js";
import { enter, ready, reading, saved } from "./support.js";

const test = testsIn("small");

test("a server that was killed loses nothing, and the page sends what it kept", async (room) => {
  const page = await room.openPage("anna");
  await page.keyboard.press("a");
  await page.keyboard.press("a");
  await saved(page);
  await room.kill();
  // Decided while nobody answers.
  await page.keyboard.press("a");
  await page
    .getByTestId("banner")
    .getByText(/Not saved yet/)
    .waitFor();
  // The port is that of the last time, so that the browser still has what the page kept.
  await page.goto(await room.serve());
  await enter(page, "anna");
  await ready(page);
  await page.waitForFunction(() => document.querySelector("#row-f3")?.getAttribute("data-verdict") === "accepted");
  await saved(page);
  const now = await reading(page, "anna");
  assert.deepEqual([now.counts.accepted, now.counts.open], [3, 3]);
  await page.keyboard.press("z");
  await saved(page);
  await page.waitForFunction(() => document.querySelector("#row-f3")?.getAttribute("data-verdict") === "open");
});

test("the page of a server that was restarted says so", async (room) => {
  const page = await room.openPage("anna");
  await room.serve();
  await page.keyboard.press("a");
  await page
    .getByTestId("banner")
    .getByText(/address/)
    .waitFor();
});

test("a damaged file of decisions is refused and left as it is", async (room) => {
  await writeFile(join(room.folder, "siderin-review", "review.sqlite"), "x".repeat(5000));
  await assert.rejects(room.serve(), /review\.sqlite is damaged or no SQLite file/);
});
