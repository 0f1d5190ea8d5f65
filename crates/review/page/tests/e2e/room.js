/** Where a test of the browser plays: a furnished room, its server and pages of it, all of it gone afterwards. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, furnished, openPage, removed, serve } from "./support.js";

/** @import {BrowserContext, Page} from "playwright-core" */

after(closeBrowser);

export class Room {
  /** @type {Awaited<ReturnType<typeof serve>> | null} */
  #server = null;
  /** @type {BrowserContext[]} */
  #contexts = [];
  /** @type {string[][]} of each page */
  #faults = [];

  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
  }

  /** Starts the room's server, once more after it was killed. @returns {Promise<string>} its address */
  async serve() {
    await this.kill();
    this.#server = await serve([this.folder]);
    return this.#server.address;
  }

  /** As a power cut would. */
  async kill() {
    await this.#server?.kill();
    this.#server = null;
  }

  /**
   * A page of one reader, in a browser that nobody has used before.
   * @param {string} reader @param {{ wait?: boolean }} [how] whether a scan is waited for
   * @returns {Promise<Page>}
   */
  async openPage(reader, how = {}) {
    const address = this.#server?.address ?? (await this.serve());
    const { page, context, faults } = await openPage(address, { reader, ...how });
    this.#contexts.push(context);
    this.#faults.push(faults);
    return page;
  }

  get faults() {
    return this.#faults.flat();
  }

  async close() {
    for (const context of this.#contexts) await context.close();
    await this.kill();
    await removed(this.folder);
  }
}

/**
 * Tests of which each has such a room of its own, and fails where one of its pages had a fault.
 * @param {"small" | "large" | "visits"} name which of the furnished rooms
 */
export const testsIn = (name) => (/** @type {string} */ title, /** @type {(room: Room) => Promise<void>} */ body) =>
  test(title, async () => {
    const room = new Room(await furnished(name));
    try {
      await body(room);
      assert.deepEqual(room.faults, []);
    } finally {
      await room.close();
    }
  });
