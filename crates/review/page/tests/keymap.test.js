import assert from "node:assert/strict";
import { test } from "node:test";
import { actionOf, keyName, menuKey, SHORTCUTS } from "../keys/keymap.js";

/** @param {string} key @param {{ ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, shiftKey?: boolean }} [more] */
const press = (key, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

test("every key does one thing", () => {
  const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys);
  assert.equal(new Set(keys).size, keys.length);
});

test("keys of the reading", () => {
  const expected = {
    n: "next",
    j: "next",
    ArrowDown: "next",
    p: "previous",
    k: "previous",
    a: "accept",
    r: "reject",
    d: "definite",
    s: "possible",
    u: "possible",
    m: "add",
    g: "group",
    b: "brush",
    e: "erase",
    "[": "smaller",
    "]": "larger",
    l: "landmark",
    o: "outlines",
    x: "crosshair",
    w: "resetWindow",
    t: "slab",
    f: "forms",
    0: "report",
    "?": "help",
    1: "reference1",
    3: "reference3",
    Enter: "keep",
    Escape: "drop",
    PageUp: "sliceUp",
  };
  for (const [key, action] of Object.entries(expected)) assert.equal(actionOf(press(key)), action, key);
});

test("undo and redo, also on a Mac and with capitals", () => {
  assert.equal(actionOf(press("z")), "undo");
  assert.equal(actionOf(press("z", { ctrlKey: true })), "undo");
  assert.equal(actionOf(press("Z", { metaKey: true, shiftKey: true })), "redo");
  assert.equal(actionOf(press("A")), "accept");
});

test("the browser's own keys are left alone", () => {
  assert.equal(actionOf(press("r", { ctrlKey: true })), null);
  assert.equal(actionOf(press("a", { altKey: true })), null);
  assert.equal(actionOf(press("F5")), null);
});

test("a menu of twenty has a key for each", () => {
  const keys = Array.from({ length: 20 }, (_, n) => menuKey(n));
  assert.equal(new Set(keys).size, 20);
  assert.equal(keys[0], "1");
});

test("keys are named as on the keyboard", () => {
  assert.equal(keyName("ctrl+shift+z"), "Ctrl+Shift+Z");
  assert.equal(keyName("ArrowDown"), "↓");
});
