/** Writing readings into a folder. */

import { element } from "../dom/element.js";
import { exportReadings } from "../client/calls.js";
import { errorLine, openDialog } from "./dialog.js";

/** @import {Session} from "../reading/session.js" */

/** @param {string} id @param {string} label @param {[string, string][]} options */
function choice(id, label, options) {
  const select = element(
    "select",
    { id, "data-testid": id },
    options.map(([value, words]) => element("option", { value }, words)),
  );
  return {
    select,
    root: element("div", { class: "field" }, element("label", { class: "label", for: id }, label), select),
  };
}

/** @param {Session} session */
export function openExportDialog(session) {
  const { scan, reader } = session;
  if (!scan) return;
  const whose = choice("export-whose", "Whose", [
    ["mine", "my reading"],
    ["consensus", "what we decided together"],
  ]);
  const scans = choice("export-scans", "Scans", [
    ["this", scan.name],
    ["all", "all scans"],
  ]);
  const error = errorLine();
  const said = element("div", { "aria-live": "polite", "data-testid": "export-said" });
  const start = element(
    "button",
    { type: "button", class: "primary", "data-testid": "export-start", onclick: () => void write() },
    "Export",
  );
  const write = async () => {
    start.disabled = true;
    error.textContent = "";
    said.replaceChildren("writing…");
    try {
      const which = scans.select.value === "all" ? "all" : [scan.id];
      const done = await exportReadings(reader, whose.select.value === "mine" ? "mine" : "consensus", which);
      said.replaceChildren(
        element("p", {}, done.scans === 1 ? "The scan is in" : `${done.scans} scans are in`),
        element("p", {}, element("code", {}, done.folder)),
        element(
          "ul",
          { class: "notes" },
          done.left_out.map(({ name, why }) => element("li", {}, `left out: ${name}: ${why}`)),
        ),
      );
    } catch (failure) {
      said.replaceChildren();
      error.textContent = failure instanceof Error ? failure.message : String(failure);
    }
    start.disabled = false;
  };
  openDialog(
    { id: "export-dialog", title: "Export" },
    whose.root,
    scans.root,
    said,
    error,
    element("div", { class: "actions" }, start),
  );
}
