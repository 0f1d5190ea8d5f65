/** MARS and BOMBS, filled in from what is accepted. */

import { element } from "../dom/element.js";

/** @import {BombsLine, Forms, Sides} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */
/** @import {Tabs} from "./tabs.js" */

/** @param {Session} session @param {Tabs} tabs */
export function showForms(session, tabs) {
  const page = tabs.page("forms");
  /** @type {Forms | null} */
  let shown = null;
  const update = () => {
    const { reading } = session;
    // Tables are made only when somebody looks at them.
    if (tabs.shown !== "forms" || !reading || reading.forms === shown) return;
    shown = reading.forms;
    const { counts, forms } = reading;
    const open =
      counts.open > 0 ? `${counts.open} findings are still open and not counted.` : "All findings are decided.";
    page.replaceChildren(
      element("h2", {}, "Forms"),
      element(
        "p",
        { class: "sum", "data-testid": "forms-sum" },
        `${counts.microbleeds} microbleeds (${counts.burden_group}), ${forms.pattern}`,
        counts.macrohaemorrhages > 0 ? `; ${counts.macrohaemorrhages} over 10 mm` : null,
      ),
      element("p", { class: "quiet" }, open),
      marsTable(forms),
      bombsTable(forms.bombs.lines),
    );
  };
  session.on(["scan", "reading"], update);
  tabs.addEventListener("change", update);
}

/** @param {number} value */
const cell = (value) => element("td", { class: value ? "n" : "n none" }, String(value));

/** @param {Sides} sides */
const sideCells = (sides) => [cell(sides.right), cell(sides.left), cell(sides.unclear)];

/** @param {string} words */
const sideHeads = (words) =>
  [
    ["R", "right"],
    ["L", "left"],
    ["?", "side unclear"],
  ].map(([letter, side]) => element("th", { scope: "col" }, element("abbr", { title: `${words}, ${side}` }, letter)));

/** @param {Forms} forms */
function marsTable({ mars }) {
  const groups = mars.subtotals.map((subtotal) => {
    const lines = mars.lines.filter((line) => line.group === subtotal.group);
    return [...lines, { ...subtotal, isSum: true }];
  });
  const rest = mars.lines.filter((line) => !mars.subtotals.some(({ group }) => group === line.group));
  const rows = [...groups.flat(), ...rest, { label: "total", ...mars.total, isSum: true }];
  return element(
    "table",
    { class: "form-table", "data-testid": "mars" },
    element("caption", {}, "MARS"),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("td", {}),
        element("th", { colspan: 3, scope: "colgroup" }, "definite"),
        element("th", { colspan: 3, scope: "colgroup" }, "possible"),
      ),
      element("tr", {}, element("th", { scope: "col" }, "region"), sideHeads("definite"), sideHeads("possible")),
    ),
    element(
      "tbody",
      {},
      rows.map((row) =>
        element(
          "tr",
          { class: "isSum" in row ? "subtotal" : null },
          element("th", { scope: "row" }, row.label),
          sideCells(row.definite),
          sideCells(row.possible),
        ),
      ),
    ),
  );
}

const BANDS = /** @type {[keyof BombsLine, string, string][]} */ ([
  ["certain_small", "certain", "< 5"],
  ["certain_large", "certain", "5–10"],
  ["uncertain_small", "uncertain", "< 5"],
  ["uncertain_large", "uncertain", "5–10"],
]);

/** @param {BombsLine[]} lines */
function bombsTable(lines) {
  return element(
    "table",
    { class: "form-table narrow", "data-testid": "bombs" },
    element("caption", {}, "BOMBS, sizes in mm"),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("td", {}),
        element("th", { colspan: 6, scope: "colgroup" }, "certain"),
        element("th", { colspan: 6, scope: "colgroup" }, "uncertain"),
      ),
      element(
        "tr",
        {},
        element("td", {}),
        BANDS.map(([, , band]) => element("th", { colspan: 3, scope: "colgroup" }, band)),
      ),
      element(
        "tr",
        {},
        element("th", { scope: "col" }, "place"),
        BANDS.flatMap(([, sure, band]) => sideHeads(`${sure}, ${band} mm`)),
      ),
    ),
    element(
      "tbody",
      {},
      lines.map((line) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, line.label),
          BANDS.flatMap(([name]) => sideCells(/** @type {Sides} */ (line[name]))),
        ),
      ),
    ),
  );
}
