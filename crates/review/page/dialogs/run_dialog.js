/** Finding microbleeds on the scan that is shown. */

import { element } from "../dom/element.js";
import { fetchRun, startRun } from "../client/calls.js";
import { RequestError } from "../client/http.js";
import { errorLine, openDialog } from "./dialog.js";

/** @import {Job, Method} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */

const POLL_MS = 300;

/** @param {Session} session @param {() => void} onDone */
export function openRunDialog(session, onDone) {
  const { scan, reader, room } = session;
  if (!scan) return;
  let isOpen = true;
  const choices = room.methods.map((method, n) => methodChoice(method, n === 0));
  const error = errorLine();
  const bar = element("progress", { max: 1, value: 0, "aria-label": "Progress of the run", hidden: true });
  const stage = element("p", { class: "quiet", "aria-live": "polite", "data-testid": "run-stage" });
  const start = element(
    "button",
    { type: "button", class: "primary", "data-testid": "run-start", onclick: () => void run() },
    "Run",
  );

  const run = async () => {
    const method = choices.find(({ radio }) => radio.checked)?.id;
    if (!method) return;
    start.disabled = true;
    error.textContent = "";
    bar.hidden = false;
    try {
      const { id } = await startRun(reader, scan.id, method);
      const job = await finished(id, (now) => {
        bar.value = now.step;
        stage.textContent = `${now.stage}, ${now.seconds.toFixed(0)} s`;
        return isOpen;
      });
      if (job?.state === "failed") throw new Error(job.error ?? "The run failed.");
      if (job) dialog.close();
      onDone();
    } catch (failure) {
      error.textContent = failure instanceof Error ? failure.message : String(failure);
      bar.hidden = true;
      stage.textContent = "";
    }
    start.disabled = false;
  };

  const said = scan.reading.findings.length > 0;
  const dialog = openDialog(
    {
      id: "run-dialog",
      title: `Find microbleeds on ${scan.name}`,
      onClose: () => {
        isOpen = false;
      },
    },
    element(
      "fieldset",
      { class: "methods" },
      element("legend", { class: "label" }, "Method"),
      choices.map(({ root }) => root),
    ),
    said && element("p", { class: "quiet" }, "The new findings take the place of the program's former ones."),
    bar,
    stage,
    error,
    element(
      "div",
      { class: "actions" },
      element(
        "button",
        { type: "button", "data-testid": "run-skip", onclick: () => dialog.close() },
        said ? "Close" : "Read without",
      ),
      start,
    ),
  );
}

/** @param {Method} method @param {boolean} isFirst */
function methodChoice(method, isFirst) {
  const id = `method-${method.id}`;
  const radio = element("input", { type: "radio", name: "method", id, "data-testid": id, checked: isFirst });
  const root = element(
    "label",
    { class: "check", for: id },
    radio,
    element("span", {}, element("b", {}, method.name), element("span", { class: "quiet" }, ` ${method.note}`)),
  );
  return { id: method.id, radio, root };
}

/**
 * Asks until the run has ended. The run goes on where nobody asks any more.
 * @param {number} id @param {(job: Job) => boolean} onStep whether to go on asking
 * @returns {Promise<Job | null>}
 */
async function finished(id, onStep) {
  for (;;) {
    try {
      const job = await fetchRun(id);
      const goesOn = onStep(job);
      if (job.state === "done" || job.state === "failed") return job;
      if (!goesOn) return waited(id);
    } catch (error) {
      // A server that does not answer for a moment has not lost the run.
      if (!(error instanceof RequestError) || error.status !== 0) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** @param {number} id @returns {Promise<Job | null>} */
const waited = (id) => finished(id, () => true);
