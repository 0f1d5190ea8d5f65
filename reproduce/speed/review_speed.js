/**
 * How long a reader waits: the first picture of a scan of 512 x 512 x 160 voxels with 300 findings, the next finding, a
 * decision, and growing a lesion. In Chromium without a graphics card (SwiftShader), server and browser on one machine.
 *
 * (cd crates/review/page && npm ci)
 * cargo run --release -p siderin-reproduce --bin large_room -- /tmp/large-room
 * node reproduce/speed/review_speed.js target/release/siderin /tmp/large-room OUT
 *
 * OUT/times.csv gets each time in milliseconds, OUT/summary.json median and largest.
 */

import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [siderin, room, out] = process.argv.slice(2);
process.env.SIDERIN = siderin;
const { base, closeBrowser, openPage, serve } = await import("../../crates/review/page/tests/e2e/support.js");

const OPENINGS = 5;
const STEPS = 8;
/** From the request for the page to the picture; just started: the server has yet to read the scan. */
const times = { first_image_just_started: [], first_image: [], next_finding: [], decision_answered: [], grow: [] };

/** Milliseconds from a key to a mark that follows it. */
async function fromKey(page, key, mark) {
  await page.evaluate((name) => {
    performance.clearMarks(name);
    addEventListener("keydown", () => performance.mark("bench:key"), { once: true, capture: true });
  }, mark);
  await page.keyboard.press(key);
  await page.waitForFunction((name) => performance.getEntriesByName(name).length > 0, mark);
  return page.evaluate((name) => {
    const [{ startTime: pressed }] = performance.getEntriesByName("bench:key").slice(-1);
    return performance.getEntriesByName(name).slice(-1)[0].startTime - pressed;
  }, mark);
}

for (let n = 0; n < OPENINGS; n++) {
  const folder = await mkdtemp(join(tmpdir(), "siderin-speed-"));
  await cp(room, folder, { recursive: true });
  const server = await serve([folder, "--reader", "anna"]);
  for (const name of ["first_image_just_started", "first_image"]) {
    const { page, context } = await openPage(server.address, { reader: "" });
    times[name].push(await page.evaluate(() => performance.getEntriesByName("siderin:first-image")[0].startTime));
    if (name === "first_image") {
      for (let step = 0; step < STEPS; step++) times.next_finding.push(await fromKey(page, "n", "siderin:finding-shown"));
      for (let step = 0; step < STEPS; step++) {
        times.decision_answered.push(
          await page.evaluate(async ([root, item]) => {
            const body = JSON.stringify({ key: crypto.randomUUID(), item, value: { kind: "finding", verdict: "accepted" } });
            const start = performance.now();
            await (await fetch(`${root}api/scans/1/changes?reader=bench`, { method: "POST", headers: { "Content-Type": "application/json" }, body })).json();
            return performance.now() - start;
          }, [base(page), `f${step + 1}`]),
        );
        times.grow.push(
          await page.evaluate(async ([root, index]) => {
            const { reading } = await (await fetch(`${root}api/scans/1?reader=bench`)).json();
            const seeds = [reading.findings[index].center_voxel.map(Math.round)];
            const start = performance.now();
            await (await fetch(`${root}api/scans/1/grow?reader=bench`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ seeds }) })).json();
            return performance.now() - start;
          }, [base(page), 20 + step]),
        );
      }
    }
    await context.close();
  }
  await server.kill();
  await rm(folder, { recursive: true, force: true });
}
await closeBrowser();
await mkdir(out, { recursive: true });
const rows = Object.entries(times).flatMap(([name, all]) => all.map((time) => `${name},${time.toFixed(1)}`));
await writeFile(join(out, "times.csv"), ["what,milliseconds", ...rows, ""].join("\n"));
const middle = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
const summary = Object.fromEntries(
  Object.entries(times).map(([name, all]) => [name, { count: all.length, median_ms: Math.round(middle(all)), largest_ms: Math.round(Math.max(...all)) }]),
);
await writeFile(join(out, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
console.log(summary);
