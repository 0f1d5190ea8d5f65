import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestError } from "../client/http.js";
import { DecisionQueue } from "../client/decisions.js";
import { unsavedKeeper } from "../client/unsaved.js";
import { decision } from "./support/decisions.js";
import { memoryStorage } from "./support/storage.js";

/** @import {Decision, QueueState} from "../client/decisions.js" */

/** A queue whose server answers by `send`. @param {(decision: Decision) => Promise<void>} send */
function queueOf(send, isAddressValid = async () => true) {
  const storage = memoryStorage();
  const keeper = unsavedKeeper(storage, "review");
  const log = {
    answers: /** @type {string[]} */ ([]),
    refused: /** @type {string[][]} */ ([]),
    states: /** @type {QueueState[]} */ ([]),
  };
  const queue = new DecisionQueue({
    send,
    isAddressValid,
    keeper,
    onAnswer: ({ key }) => log.answers.push(key),
    onRefused: ({ key }, error) => log.refused.push([key, error.message]),
    onChange: () => log.states.push(queue.state),
    retryMs: 5,
  });
  return { queue, keeper, storage, log };
}

/** @param {() => boolean} isSo */
const until = async (isSo) => {
  for (let n = 0; n < 400 && !isSo(); n++) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.ok(isSo());
};

test("decisions are sent one after the other, in order", async () => {
  /** @type {string[]} */
  const running = [];
  let most = 0;
  const { queue, log, storage } = queueOf(async ({ key }) => {
    running.push(key);
    most = Math.max(most, running.length);
    await new Promise((resolve) => setTimeout(resolve, 3));
    running.pop();
  });
  for (const key of ["k1", "k2", "k3"]) queue.add(decision(key));
  assert.equal(storage.length, 3);
  await until(() => queue.state === "idle");
  assert.deepEqual(log.answers, ["k1", "k2", "k3"]);
  assert.equal(most, 1);
  assert.equal(storage.length, 0);
});

test("without an answer a decision is kept and sent again", async () => {
  let isUp = false;
  /** @type {string[]} */
  const keys = [];
  const { queue, log, storage } = queueOf(async ({ key }) => {
    keys.push(key);
    if (!isUp) throw new RequestError(0, "no answer");
  });
  queue.add(decision("k1"));
  queue.add(decision("k2"));
  await until(() => keys.length > 2);
  assert.equal(queue.state, "unanswered");
  assert.equal(storage.length, 2);
  assert.deepEqual(new Set(keys), new Set(["k1"]));
  isUp = true;
  await until(() => queue.state === "idle");
  assert.deepEqual(log.answers, ["k1", "k2"]);
  assert.equal(storage.length, 0);
});

test("a failing server is asked again too", async () => {
  let tries = 0;
  const { queue, log } = queueOf(async () => {
    tries += 1;
    if (tries < 3) throw new RequestError(500, "broken");
  });
  queue.add(decision("k1"));
  await until(() => queue.state === "idle");
  assert.equal(tries, 3);
  assert.deepEqual(log.answers, ["k1"]);
});

test("what the server refuses is told and dropped, and the next goes on", async () => {
  const { queue, log, storage } = queueOf(async ({ key }) => {
    if (key === "k1") throw new RequestError(409, "there is nothing to undo");
  });
  queue.add(decision("k1"));
  queue.add(decision("k2"));
  await until(() => queue.state === "idle");
  assert.deepEqual(log.refused, [["k1", "there is nothing to undo"]]);
  assert.deepEqual(log.answers, ["k2"]);
  assert.equal(storage.length, 0);
});

test("a wrong token locks the queue and loses nothing", async () => {
  let isStale = true;
  const send = async () => {
    if (isStale) throw new RequestError(403, "wrong token");
  };
  const { queue, log, storage } = queueOf(send, async () => false);
  queue.add(decision("k1"));
  await until(() => queue.state === "locked");
  assert.equal(storage.length, 1);
  assert.deepEqual(log.refused, []);
  isStale = false;
  await until(() => queue.state === "idle");
  assert.deepEqual(log.answers, ["k1"]);
});

test("forbidden with a right token is a refusal", async () => {
  const { queue, log } = queueOf(async () => {
    throw new RequestError(403, "finish the scan first");
  });
  queue.add(decision("k1"));
  await until(() => queue.state === "idle");
  assert.deepEqual(log.refused, [["k1", "finish the scan first"]]);
});

test("what an earlier page left comes first and once", async () => {
  const { queue, keeper, log } = queueOf(async () => undefined);
  keeper.keep(decision("k2"));
  keeper.keep(decision("k1"));
  keeper.keep(decision("k3", { reader: "ben" }));
  const left = keeper.left("anna");
  assert.deepEqual(
    left.map(({ key }) => key),
    ["k1", "k2"],
  );
  queue.restore(left);
  queue.restore(left);
  await until(() => queue.state === "idle");
  assert.deepEqual(log.answers, ["k1", "k2"]);
  assert.deepEqual(keeper.left("anna"), []);
  assert.equal(keeper.left("ben").length, 1);
});

test("a full store is told, and a damaged entry is none", () => {
  const storage = memoryStorage();
  const keeper = unsavedKeeper(storage, "review");
  storage.setItem("siderin:unsaved:review:anna:k1", "{");
  storage.setItem("siderin:unsaved:other:anna:k2", JSON.stringify(decision("k2")));
  assert.deepEqual(keeper.left("anna"), []);
  storage.setItem = () => {
    throw new Error("full");
  };
  assert.equal(keeper.keep(decision("k3")), false);
});
