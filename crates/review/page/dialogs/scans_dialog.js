/** The scans that are open, and how far each is. */

import { element } from "../dom/element.js";
import { openDialog } from "./dialog.js";

/** @import {ListedScan} from "../types/interface.d.ts" */

const STATES = { new: "no findings yet", found: "not read", reading: "being read", finished: "✓ finished" };

/**
 * @param {ListedScan[]} scans @param {number | null} current
 * @returns {Promise<number | null>}
 */
export function askScan(scans, current) {
  return new Promise((resolve) => {
    /** @type {number | null} */
    let chosen = null;
    const rows = scans.map((scan) => {
      const open = scan.open === null ? "" : `${scan.open} open of ${scan.findings ?? 0}`;
      const choose = element(
        "button",
        {
          type: "button",
          class: "scan-choice",
          "data-testid": `scan-${scan.id}`,
          "data-state": scan.state,
          "aria-current": scan.id === current ? "true" : null,
          onclick: () => {
            chosen = scan.id;
            dialog.close();
          },
        },
        element("span", { class: "title" }, scan.name),
        element("span", { class: "about" }, [scan.sequence, scan.folder].filter(Boolean).join(" · ")),
        element("span", { class: "open" }, open),
        element("span", { class: "state" }, STATES[scan.state]),
      );
      return element("li", {}, choose);
    });
    const dialog = openDialog(
      { id: "scans-dialog", title: "Scans", canClose: current !== null, onClose: () => resolve(chosen) },
      element("ul", { class: "scan-choices" }, rows),
    );
  });
}
