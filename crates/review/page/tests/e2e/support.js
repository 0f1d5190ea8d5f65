/**
 * A real server and a real browser. SIDERIN names the program, ROOMS a folder with furnished rooms (`small` and
 * `large`: a scan, and a review that has findings), CHROMIUM the browser.
 */

import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** @import {Reading} from "../../types/interface.d.ts" */

const { SIDERIN, ROOMS, CHROMIUM = "/usr/bin/chromium" } = process.env;

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--ignore-gpu-blocklist",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let browser;

/** One browser for all tests of a file. */
export function openBrowser() {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  return browser;
}

export async function closeBrowser() {
  await (await browser)?.close();
}

/** A copy of a furnished room. @param {string} name */
export async function furnished(name) {
  const folder = await mkdtemp(join(tmpdir(), "siderin-room-"));
  await cp(join(/** @type {string} */ (ROOMS), name), folder, { recursive: true });
  return folder;
}

/** @param {string} folder */
export const removed = (folder) => rm(folder, { recursive: true, force: true });

/** Starts `siderin review` and waits for its address. @param {string[]} args */
export async function serve(args) {
  const server = spawn(/** @type {string} */ (SIDERIN), ["review", "--no-browser", ...args]);
  let said = "";
  const address = await new Promise((resolve, reject) => {
    server.stderr.on("data", (part) => (said += part));
    server.stdout.on("data", (part) => {
      said += part;
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]+\//);
      if (found) resolve(found[0]);
    });
    server.on("exit", (code) => reject(new Error(`siderin review ended with ${code}: ${said}`)));
  });
  return {
    address,
    /** As a power cut would. */
    kill: () =>
      new Promise((resolve) => {
        server.removeAllListeners("exit");
        server.on("exit", resolve);
        server.kill("SIGKILL");
      }),
  };
}

/**
 * A page of the laptop's size. What it asks anybody else, and what it complains of, ends the test.
 * @param {string} address @param {{ reader?: string, wait?: boolean }} [how]
 */
export async function openPage(address, { reader = "anna", wait = true } = {}) {
  const context = await (await openBrowser()).newContext({ viewport: { width: 1366, height: 768 } });
  const page = await context.newPage();
  const own = new URL(address).origin;
  /** @type {string[]} */
  const faults = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(own) && !url.startsWith("blob:") && !url.startsWith("data:")) faults.push(`asked ${url}`);
  });
  page.on("pageerror", (error) => faults.push(`fault ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy/.test(message.text())) faults.push(message.text());
  });
  await page.goto(address);
  if (reader) {
    await page.getByTestId("reader-field").fill(reader);
    await enter(page, reader);
  }
  if (wait) await ready(page);
  return { page, context, faults };
}

/** Enters as the reader whose name stands in the field. @param {import("playwright-core").Page} page @param {string} reader */
export async function enter(page, reader) {
  await page.getByTestId("password-field").fill(`secret of ${reader}`);
  await page.getByTestId("reader-ok").click();
}

/** Until a scan is shown. @param {import("playwright-core").Page} page */
export const ready = (page) => page.waitForSelector("html[data-ready=true]", { timeout: 60_000 });

/** Until every decision is on the server's disk. @param {import("playwright-core").Page} page */
export const saved = (page) => page.waitForFunction(() => !document.querySelector("[data-saving]"));

/**
 * What the server holds.
 * @param {import("playwright-core").Page} page @param {string} [reader] @returns {Promise<Reading>}
 */
export async function reading(page, reader = "anna") {
  const answer = await page.request.get(`${base(page)}api/scans/1?reader=${reader}`);
  return (await answer.json()).reading;
}

/** The address with the token. @param {import("playwright-core").Page} page */
export const base = (page) => page.url().match(/^http:\/\/[^/]+\/[0-9a-f]+\//)?.[0] ?? "";

/** Where a voxel of the scan is drawn in the axial picture. @param {import("playwright-core").Page} page @param {number[]} voxel */
export async function pixelOf(page, voxel) {
  const place = await page.evaluate((at) => window.siderinReview.pixelOf(at), voxel);
  const box = await page.getByTestId("drawing").boundingBox();
  if (!place || !box) throw new Error(`voxel ${voxel} is not drawn`);
  return { x: box.x + place[0], y: box.y + place[1] };
}
