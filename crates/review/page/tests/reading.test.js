import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, markOf, markOfMask } from "../reading/marks.js";
import { isListed, neighbour, nextOpen, progress } from "../reading/order.js";
import { inOrder } from "../list/places_list.js";
import { decision } from "./support/decisions.js";
import { finding, place, sessionOf } from "./support/findings.js";

/** @import {Verdict} from "../types/interface.d.ts" */

test("a mimic goes with the verdict that it explains", () => {
  const rejected = changed(null, { verdict: "rejected", mimic: "vessel" });
  assert.equal(rejected.mimic, "vessel");
  assert.equal(changed(rejected, { certainty: "possible" }).mimic, "vessel");
  assert.equal(changed(rejected, { verdict: "accepted" }).mimic, null);
});

test("a change keeps what else was said", () => {
  const mark = changed({ ...markOf("accepted"), note: "near a vein", mask: [3, 1] }, { side: "left" });
  assert.deepEqual([mark.verdict, mark.note, mark.mask, mark.side], ["accepted", "near a vein", [3, 1], "left"]);
  assert.deepEqual(markOfMask([5, 2], true), { ...markOf("accepted"), mask: [5, 2], is_group: true });
});

test("filters", () => {
  assert.ok(isListed(finding("f1"), "open", "open"));
  assert.ok(!isListed(finding("f1"), "accepted", "open"));
  assert.ok(isListed(finding("a1"), "accepted", "added"));
  assert.ok(!isListed(finding("f1"), "accepted", "added"));
});

test("neighbours stop at the ends", () => {
  const items = ["f1", "f2", "f3"];
  assert.equal(neighbour(items, "f1", 1), "f2");
  assert.equal(neighbour(items, "f3", 1), "f3");
  assert.equal(neighbour(items, null, 1), "f1");
  assert.equal(neighbour(items, "gone", -1), "f3");
  assert.equal(neighbour([], null, 1), null);
});

test("the next open one may be before", () => {
  const items = ["f1", "f2", "f3", "f4"];
  assert.equal(
    nextOpen(items, "f2", (item) => item === "f4"),
    "f4",
  );
  assert.equal(
    nextOpen(items, "f3", (item) => item === "f1"),
    "f1",
  );
  assert.equal(
    nextOpen(items, "f3", (item) => item === "f3"),
    null,
  );
});

test("progress in words", () => {
  assert.equal(progress(3, 12), "3 of 12 · 9 open");
});

test("what is shown is what was said last, answered or not", () => {
  const { session, waiting } = sessionOf([finding("f1", markOf("accepted")), finding("f2")]);
  /** @param {string} item @param {Verdict | null} verdict */
  const say = (item, verdict, scan = 1) =>
    waiting.push(decision(`k${waiting.length}`, { scan, item, value: verdict && markOf(verdict) }));
  say("f2", "accepted");
  say("f2", "rejected");
  say("f1", "rejected", 2);
  assert.equal(session.verdict("f1"), "accepted");
  assert.equal(session.verdict("f2"), "rejected");
  session.filter = "rejected";
  assert.deepEqual(session.listed, ["f2"]);
  say("f1", null);
  assert.equal(session.verdict("f1"), "open");
});

test("a selection is notified of once", () => {
  const { session } = sessionOf([]);
  let count = 0;
  session.on(["selection"], () => {
    count += 1;
  });
  session.select("f1");
  session.select("f1");
  assert.equal(count, 1);
});

test("disagreements come first, else as they came", () => {
  const places = [place("p1", true), place("p2", false), place("p3", true), place("p4", false)];
  assert.deepEqual(
    inOrder(places).map(({ id }) => id),
    ["p2", "p4", "p1", "p3"],
  );
});
