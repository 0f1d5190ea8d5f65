/** Which key does what. The help lists the same table. */

/**
 * @typedef {"next" | "previous" | "accept" | "reject" | "definite" | "possible" | "undo" | "redo" | "add" | "group"
 *   | "brush" | "erase" | "smaller" | "larger" | "landmark" | "outlines" | "crosshair" | "resetWindow" | "slab"
 *   | "smooth" | "sliceUp" | "sliceDown" | "zoomIn" | "zoomOut" | "zoomReset" | "moreContrast" | "lessContrast"
 *   | "forms" | "report" | "help" | "keep" | "drop" | "takeBack" | "reference1" | "reference2" | "reference3"} Action
 */
/** @typedef {{ action: Action, keys: string[], words: string, group: string }} Shortcut */

/** Keys as `KeyboardEvent.key` has them; `ctrl+` also stands for the Mac's command key. @type {Shortcut[]} */
export const SHORTCUTS = [
  { group: "Findings", action: "next", keys: ["n", "j", "ArrowDown", "ArrowRight"], words: "next finding" },
  { group: "Findings", action: "previous", keys: ["p", "k", "ArrowUp", "ArrowLeft"], words: "previous finding" },
  { group: "Findings", action: "accept", keys: ["a"], words: "accept: a microbleed" },
  { group: "Findings", action: "reject", keys: ["r"], words: "reject, then the mimic's key, or Enter for no type" },
  { group: "Findings", action: "definite", keys: ["d"], words: "definite" },
  { group: "Findings", action: "possible", keys: ["s", "u"], words: "possible" },
  {
    group: "Findings",
    action: "takeBack",
    keys: ["Delete", "Backspace"],
    words: "take the decision back; remove an own finding",
  },
  { group: "Findings", action: "undo", keys: ["z", "ctrl+z"], words: "undo" },
  { group: "Findings", action: "redo", keys: ["y", "ctrl+shift+z", "ctrl+y"], words: "redo" },
  { group: "Marking", action: "add", keys: ["m"], words: "add a lesion: click or scribble" },
  { group: "Marking", action: "group", keys: ["g"], words: "mark a group: each stroke is a lesion" },
  { group: "Marking", action: "reference1", keys: ["1"], words: "grow by the neighbouring voxel" },
  { group: "Marking", action: "reference2", keys: ["2"], words: "grow by the scribble's average" },
  { group: "Marking", action: "reference3", keys: ["3"], words: "grow by the whole lesion's average" },
  { group: "Marking", action: "keep", keys: ["Enter"], words: "keep what is marked" },
  { group: "Marking", action: "drop", keys: ["Escape"], words: "drop it; put the tool away" },
  { group: "Marking", action: "brush", keys: ["b"], words: "brush on the selected finding" },
  { group: "Marking", action: "erase", keys: ["e"], words: "eraser" },
  { group: "Marking", action: "smaller", keys: ["["], words: "smaller brush" },
  { group: "Marking", action: "larger", keys: ["]"], words: "larger brush" },
  { group: "Marking", action: "landmark", keys: ["l"], words: "landmark" },
  { group: "Picture", action: "sliceUp", keys: ["PageUp"], words: "a slice up; also the wheel" },
  { group: "Picture", action: "sliceDown", keys: ["PageDown"], words: "a slice down" },
  { group: "Picture", action: "slab", keys: ["t"], words: "darkest of a slab: off, 4, 8, 12, 20 mm" },
  { group: "Picture", action: "moreContrast", keys: ["+", "="], words: "more contrast; also the right button" },
  { group: "Picture", action: "lessContrast", keys: ["-"], words: "less contrast" },
  { group: "Picture", action: "resetWindow", keys: ["w"], words: "grey values as at first" },
  { group: "Picture", action: "outlines", keys: ["o"], words: "outlines on or off" },
  { group: "Picture", action: "crosshair", keys: ["x"], words: "crosshair on or off" },
  { group: "Picture", action: "smooth", keys: ["i"], words: "smooth or single voxels" },
  { group: "Picture", action: "zoomIn", keys: ["."], words: "closer; also Ctrl and the wheel" },
  { group: "Picture", action: "zoomOut", keys: [","], words: "further away" },
  { group: "Picture", action: "zoomReset", keys: ["Home"], words: "the whole slice" },
  { group: "Page", action: "forms", keys: ["f"], words: "forms" },
  { group: "Page", action: "report", keys: ["0"], words: "report, in a new tab" },
  { group: "Page", action: "help", keys: ["?"], words: "this help" },
];

const ACTIONS = new Map(SHORTCUTS.flatMap(({ action, keys }) => keys.map((key) => [key, action])));

/**
 * @param {{ key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean }} press
 * @returns {Action | null}
 */
export function actionOf(press) {
  if (press.altKey) return null;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  if (press.ctrlKey || press.metaKey) {
    return ACTIONS.get(`ctrl+${press.shiftKey ? "shift+" : ""}${key}`) ?? null;
  }
  return ACTIONS.get(key) ?? null;
}

/** Keys that a menu offers, in its order. */
const MENU_KEYS = "1234567890bcfghijklmopqtuvxyz";

/** @param {number} n @returns {string | null} */
export const menuKey = (n) => MENU_KEYS[n] ?? null;

/** How a key is shown. @param {string} key */
export const keyName = (key) =>
  key
    .replace(/^ctrl\+shift\+(.)$/, (_, last) => `Ctrl+Shift+${last.toUpperCase()}`)
    .replace(/^ctrl\+(.)$/, (_, last) => `Ctrl+${last.toUpperCase()}`)
    .replace("ArrowDown", "↓")
    .replace("ArrowUp", "↑")
    .replace("ArrowLeft", "←")
    .replace("ArrowRight", "→")
    .replace("PageUp", "Page Up")
    .replace("PageDown", "Page Down")
    .replace("Escape", "Esc");
