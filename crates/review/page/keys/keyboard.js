/** Keys of the whole page. */

import { actionOf } from "./keymap.js";

/** @import {Action} from "./keymap.js" */

/** Keys that mean something to a focused control, and are left to it. */
const OWN_KEYS = new Set(["Enter", " ", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"]);

/**
 * Whether the focused element needs the key for itself: text fields need all, other controls a few.
 * @param {Element | null} focused @param {string} key
 */
function belongsTo(focused, key) {
  if (!(focused instanceof HTMLElement)) return false;
  if (focused.isContentEditable || focused.matches("textarea, select")) return true;
  if (focused instanceof HTMLInputElement) {
    return !["checkbox", "radio", "button"].includes(focused.type) || OWN_KEYS.has(key);
  }
  if (focused.matches("[role=tab]")) return OWN_KEYS.has(key);
  // Arrows mean nothing to a button: they go on through the findings.
  return focused.matches("button, a, summary") && (key === "Enter" || key === " ");
}

/** @param {(action: Action) => boolean} act whether it meant anything */
export function listenToKeys(act) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (belongsTo(document.activeElement, event.key)) return;
    const action = actionOf(event);
    if (action && act(action)) event.preventDefault();
  });
  leaveMenus();
}

/**
 * A menu that was used with the mouse is left once something is chosen: else the next key, meant for the findings,
 * would choose something else in it. Who came by Tab stays.
 */
function leaveMenus() {
  let isByPointer = false;
  document.addEventListener("pointerdown", () => (isByPointer = true), true);
  document.addEventListener("keydown", () => (isByPointer = false), true);
  document.addEventListener("change", ({ target }) => {
    if (isByPointer && target instanceof HTMLSelectElement && !target.closest("dialog")) target.blur();
  });
}
