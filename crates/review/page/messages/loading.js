/** Says what is awaited, over the pictures. */

import { byId } from "../dom/element.js";

/** @param {string | null} words none once it is there */
export function showLoading(words) {
  const loading = byId("loading", HTMLElement);
  loading.hidden = words === null;
  loading.textContent = words ?? "";
}
