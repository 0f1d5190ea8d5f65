/** The findings by confidence. Rows are made once and changed in place, so that hundreds stay quick. */

import { byId } from "../dom/element.js";
import { fingerprint } from "../masks/runs.js";
import { verdictOf } from "../reading/marks.js";
import { isListed } from "../reading/order.js";
import { thumbnail } from "../client/calls.js";
import { FindingRow } from "./finding_row.js";

/** @import {Session} from "../reading/session.js" */

/** @param {Session} session */
export function showFindings(session) {
  const list = byId("finding-list", HTMLUListElement);
  const empty = byId("list-empty", HTMLElement);
  /** @type {Map<string, FindingRow>} */
  let rows = new Map();
  /** @type {string | null} */
  let selected = null;
  const mimics = new Map(session.room.vocabulary.mimics.map((term) => [term.id, term.label]));

  const rebuild = () => {
    rows = new Map();
    selected = null;
    update();
  };

  const update = () => {
    const { scan, reading } = session;
    if (session.consensus) return;
    const listed = [];
    for (const finding of reading?.findings ?? []) {
      const mark = session.mark(finding);
      const verdict = verdictOf(mark);
      if (!isListed(finding, verdict, session.filter)) continue;
      let row = rows.get(finding.item);
      if (!row) {
        row = new FindingRow(finding, (item) => session.select(item));
        rows.set(finding.item, row);
      }
      // The picture is asked for again only when the mask that it shows is another.
      const version = fingerprint(finding.mask);
      row.update(finding, {
        verdict,
        isSaving: session.pending(finding.item) !== null,
        mimic: mark?.mimic ? (mimics.get(mark.mimic) ?? mark.mimic) : null,
        picture: thumbnail(scan?.id ?? 0, finding.item, session.reader, version),
      });
      listed.push(row.root);
    }
    replace(listed);
    select();
    empty.hidden = listed.length > 0 || !scan;
    empty.textContent = reading?.findings.length
      ? "No finding of this kind."
      : "No findings yet. Run a method, or mark lesions with m.";
  };

  /** @param {HTMLLIElement[]} wanted */
  const replace = (wanted) => {
    const isSame = list.children.length === wanted.length && wanted.every((row, n) => list.children[n] === row);
    if (!isSame) list.replaceChildren(...wanted);
  };

  const select = () => {
    if (selected !== session.selected) rows.get(selected ?? "")?.select(false);
    selected = session.selected;
    const row = rows.get(selected ?? "");
    row?.select(true);
    if (row?.root.isConnected) list.setAttribute("aria-activedescendant", row.root.id);
    else list.removeAttribute("aria-activedescendant");
  };

  session.on(["scan"], rebuild);
  session.on(["reading", "queue", "filter", "consensus"], update);
  session.on(["selection"], () => {
    if (!session.consensus) select();
  });
}
