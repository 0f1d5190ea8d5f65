/** The bar at the top. */

import { byId, element } from "../dom/element.js";

/** @import {Session} from "../reading/session.js" */

/**
 * @typedef {object} HeaderActions
 * @property {() => void} chooseScan
 * @property {(partner: string) => void} choosePartner
 * @property {() => void} showQuality
 * @property {() => void} run
 * @property {() => void} agreement
 * @property {() => void} exportAll
 * @property {() => void} report
 * @property {() => void} changeReader
 * @property {() => void} help
 */

/** @param {Session} session @param {HeaderActions} actions */
export function showHeader(session, actions) {
  const partner = byId("partner-select", HTMLSelectElement);
  /** @type {[string, () => void][]} */
  const buttons = [
    ["scan-picker", actions.chooseScan],
    ["quality-button", actions.showQuality],
    ["run-button", actions.run],
    ["agreement-button", actions.agreement],
    ["export-button", actions.exportAll],
    ["report-button", actions.report],
    ["reader-button", actions.changeReader],
    ["help-button", actions.help],
  ];
  for (const [id, act] of buttons) byId(id, HTMLButtonElement).addEventListener("click", act);
  partner.addEventListener("change", () => actions.choosePartner(partner.value));
  byId("research-use", HTMLElement).textContent = session.room.research_use;

  const update = () => {
    const { scan, reading } = session;
    byId("scan-name", HTMLElement).textContent = scan?.name ?? "no scan";
    byId("scan-about", HTMLElement).textContent = scan
      ? `${scan.sequence}${reading?.finished ? " · ✓ finished" : ""}`
      : "";
    byId("reader-name", HTMLElement).textContent = session.reader;
    const rating = reading?.quality?.rating;
    const label = session.room.vocabulary.ratings.find(({ id }) => id === rating)?.label.split(":")[0];
    byId("quality-button", HTMLElement).textContent = `Quality: ${label ?? "not rated"}`;
    document.title = scan ? `${scan.name} · siderin review` : "siderin review";
  };
  session.on(["scan", "reading"], update);
  session.on(["scan"], () => {
    const partners = session.scan?.partners ?? [];
    partner.replaceChildren(
      element("option", { value: "" }, partners.length ? "nothing" : "no other image"),
      ...partners.map(({ id, name }) => element("option", { value: id }, name)),
    );
    partner.disabled = partners.length === 0;
    byId("partner-label", HTMLElement).hidden = true;
  });
  update();
}
