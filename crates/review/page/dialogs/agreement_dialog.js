/** How well readers agree, once each has finished. */

import { element } from "../dom/element.js";
import { fetchAgreement } from "../client/calls.js";
import { errorLine, openDialog } from "./dialog.js";

/** @import {Agreement, Pair} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */

/** @param {number | null | undefined} value */
const decimal = (value) => (typeof value === "number" ? value.toFixed(2) : "–");

/** @param {Session} session @param {() => void} onTogether */
export function openAgreementDialog(session, onTogether) {
  const { scan, reader } = session;
  if (!scan) return;
  const table = element("div", {});
  const error = errorLine();
  const which = element(
    "select",
    { id: "agreement-scans", "data-testid": "agreement-scans", onchange: () => void update() },
    element("option", { value: "this" }, "this scan"),
    element("option", { value: "all" }, "all scans that I have finished"),
  );
  const together = element(
    "button",
    {
      type: "button",
      class: "primary",
      "data-testid": "decide-together",
      onclick: () => {
        dialog.close();
        onTogether();
      },
    },
    "Decide together…",
  );
  const update = async () => {
    error.textContent = "";
    table.replaceChildren();
    try {
      table.replaceChildren(...agreementTable(await fetchAgreement(reader, which.value === "all" ? "all" : scan.id)));
      together.disabled = false;
    } catch (failure) {
      error.textContent = failure instanceof Error ? failure.message : String(failure);
      together.disabled = which.value === "this";
    }
  };
  const dialog = openDialog(
    { id: "agreement-dialog", title: "Agreement of readers" },
    element("label", { class: "inline", for: "agreement-scans" }, "Over", which),
    table,
    error,
    element("div", { class: "actions" }, together),
  );
  void update();
}

/** @param {Agreement} found */
function agreementTable({ readers, scans, pairs, note }) {
  if (pairs.length === 0) {
    return [element("p", {}, `${readers.length} reader has finished; agreement needs two.`)];
  }
  const heads = ["Readers", "Kappa", "95 % interval", "F1", "Places", "Both", "Only first", "Only second", "Neither"];
  return [
    element(
      "table",
      { class: "plain", "data-testid": "agreement-table" },
      element("caption", {}, `${scans} ${scans === 1 ? "scan" : "scans"}, ${readers.length} readers`),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          heads.map((head) => element("th", { scope: "col" }, head)),
        ),
      ),
      element("tbody", {}, pairs.map(pairRow)),
    ),
    element("p", { class: "quiet" }, note),
  ];
}

/** @param {Pair} pair */
function pairRow(pair) {
  const interval = pair.kappa_low === null ? "–" : `${decimal(pair.kappa_low)} to ${decimal(pair.kappa_high)}`;
  const numbers = [
    decimal(pair.kappa),
    interval,
    decimal(pair.f1),
    pair.places,
    pair.both,
    pair.only_a,
    pair.only_b,
    pair.neither,
  ];
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, `${pair.a} – ${pair.b}`),
    numbers.map((number) => element("td", { class: "n" }, String(number))),
  );
}
