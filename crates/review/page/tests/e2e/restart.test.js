/** What was decided stays, whatever happens to the server. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, furnished, openPage, ready, reading, removed, saved, serve } from "./support.js";

after(closeBrowser);

test("a server that was killed loses nothing, and the page sends what it kept", async () => {
  const folder = await furnished("small");
  let server = await serve([folder]);
  const { page, context } = await openPage(server.address, { reader: "anna" });
  await page.keyboard.press("a");
  await page.keyboard.press("a");
  await saved(page);
  await server.kill();
  // Decided while nobody answers.
  await page.keyboard.press("a");
  await page
    .getByTestId("banner")
    .getByText(/Not saved yet/)
    .waitFor();
  server = await serve([folder]);
  // The port is that of the last time, so that the browser still has what the page kept.
  await page.goto(server.address);
  await ready(page);
  await page.waitForFunction(() => document.querySelector("#row-f3")?.getAttribute("data-verdict") === "accepted");
  await saved(page);
  const now = await reading(page, "anna");
  assert.deepEqual([now.counts.accepted, now.counts.open], [3, 3]);
  await page.keyboard.press("z");
  await saved(page);
  await page.waitForFunction(() => document.querySelector("#row-f3")?.getAttribute("data-verdict") === "open");
  await context.close();
  await server.kill();
  await removed(folder);
});

test("the page of a server that was started anew says so", async () => {
  const folder = await furnished("small");
  const first = await serve([folder]);
  const { page, context } = await openPage(first.address, { reader: "anna" });
  await first.kill();
  const second = await serve([folder]);
  await page.keyboard.press("a");
  await page
    .getByTestId("banner")
    .getByText(/address/)
    .waitFor();
  await context.close();
  await second.kill();
  await removed(folder);
});

test("a damaged file of decisions is refused and left as it is", async () => {
  const folder = await furnished("small");
  await writeFile(join(folder, "siderin-review", "review.sqlite"), "x".repeat(5000));
  await assert.rejects(serve([folder]), /review\.sqlite is damaged or no SQLite file/);
  await removed(folder);
});
