import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, markOf, markOfMask } from "../reading/marks.js";
import { isListed, neighbour, nextOpen, progress } from "../reading/order.js";
import { Session } from "../reading/session.js";
import { inOrder } from "../list/places_list.js";

const finding = (item, mark = null, origin = "program") => ({ item, origin, mark, mask: [1, 1] });

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
  assert.ok(isListed(finding("a1", null, "reader"), "accepted", "added"));
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
  const session = new Session({ scans: [] });
  session.reader = "A";
  session.scan = { id: 7, reading: { findings: [finding("f1", markOf("accepted")), finding("f2")] } };
  const waiting = (item, verdict, more = {}) => ({
    kind: "change",
    scan: 7,
    reader: "A",
    item,
    value: verdict && markOf(verdict),
    ...more,
  });
  session.queue = {
    waiting: [waiting("f2", "accepted"), waiting("f2", "rejected"), waiting("f1", "rejected", { scan: 8 })],
  };
  assert.equal(session.verdict("f1"), "accepted");
  assert.equal(session.verdict("f2"), "rejected");
  session.filter = "rejected";
  assert.deepEqual(session.listed, ["f2"]);
  session.queue.waiting.push(waiting("f1", null));
  assert.equal(session.verdict("f1"), "open");
});

test("a selection is told once", () => {
  const session = new Session({ scans: [] });
  let told = 0;
  session.on(["selection"], () => {
    told += 1;
  });
  session.select("f1");
  session.select("f1");
  assert.equal(told, 1);
});

test("disagreements come first, else as they came", () => {
  const places = [
    ["p1", true],
    ["p2", false],
    ["p3", true],
    ["p4", false],
  ].map(([id, agreed]) => ({ id, agreed }));
  assert.deepEqual(
    inOrder(places).map(({ id }) => id),
    ["p2", "p4", "p1", "p3"],
  );
});
