/** The radiology report that lies beside the scan. */

import { element } from "../dom/element.js";

/** @import {Session} from "../reading/session.js" */

/** @param {Session} session @param {HTMLElement} page */
export function showReportText(session, page) {
  session.on(["scan"], () => {
    const text = session.scan?.report_text;
    page.replaceChildren(
      element("h2", {}, "Report text"),
      text
        ? element("pre", { class: "report", "data-testid": "report-text" }, text)
        : element("p", { class: "quiet" }, "No report lies beside this scan."),
    );
  });
}
