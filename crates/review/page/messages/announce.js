/** Says what happened: to screen readers, and on the screen where something went wrong. */

import { byId } from "../dom/element.js";

const SHOWN_MS = 8000;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {string} words */
export function announce(words) {
  byId("announcer", HTMLElement).textContent = words;
}

/** @param {unknown} error */
export function complain(error) {
  const message = byId("message", HTMLElement);
  message.textContent = error instanceof Error ? error.message : String(error);
  message.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => {
    message.hidden = true;
  }, SHOWN_MS);
}
