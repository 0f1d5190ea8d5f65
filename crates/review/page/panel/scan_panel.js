/** The scan as a whole: how good it is, what the program noted, landmarks, and signing off. */

import { element } from "../dom/element.js";
import { rateImage, removeLandmark, signOff } from "../reading/decide.js";
import { auditAddress } from "../client/calls.js";
import { Choice } from "./choice.js";
import { NoteField } from "./note_field.js";

/** @import {PlacedLandmark, Quality} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */

/** @type {Quality} */
const NOTHING_SAID = { kind: "quality", rating: null, artefacts: [], note: "" };

export class ScanPanel {
  /** @param {Session} session @param {HTMLElement} page @param {(world: ArrayLike<number>) => void} onGo */
  constructor(session, page, onGo) {
    this.session = session;
    this.onGo = onGo;
    const { ratings, artefacts } = session.room.vocabulary;
    this.rating = new Choice(
      "quality",
      "Image quality",
      ratings.map(({ id, label }) => ({ id, label: label.split(":")[0] })),
      (rating) => this.#rate({ rating }),
    );
    this.rating.root.classList.add("broad");
    this.boxes = artefacts.map(({ id, label }) => {
      const box = element("input", {
        type: "checkbox",
        id: `artefact-${id}`,
        "data-testid": `artefact-${id}`,
        onchange: () => this.#rate({ artefacts: this.boxes.filter((one) => one.box.checked).map((one) => one.id) }),
      });
      return { id, box, root: element("label", { class: "check", for: `artefact-${id}` }, box, label) };
    });
    this.note = new NoteField("quality-note", "Note on the images", (note, item) => {
      if (item === this.#item) this.#rate({ note });
    });
    this.notes = element("ul", { class: "notes" });
    this.landmarks = element("ul", { class: "landmarks", "data-testid": "landmarks" });
    this.open = element("p", { class: "quiet" });
    this.finish = element("button", {
      type: "button",
      class: "primary",
      "data-testid": "finish",
      onclick: () => signOff(session, !this.#isFinished),
    });
    this.audit = element(
      "a",
      { target: "_blank", rel: "noopener", "data-testid": "audit" },
      "My decisions as a table (CSV)",
    );
    page.append(
      element("h2", {}, "Scan"),
      this.rating.root,
      element(
        "fieldset",
        {},
        element("legend", { class: "label" }, "Artefacts"),
        this.boxes.map(({ root }) => root),
      ),
      this.note.root,
      element("h3", {}, "Sign off"),
      this.open,
      this.finish,
      element("h3", {}, "Landmarks"),
      this.landmarks,
      element("h3", {}, "Notes of the program"),
      this.notes,
      this.audit,
    );
    session.on(["scan"], () => this.#showScan());
    session.on(["scan", "reading", "queue"], () => this.update());
  }

  get #item() {
    return `quality of ${this.session.scan?.id}`;
  }

  /** What was said last, answered or not. @returns {Quality} */
  get #quality() {
    const pending = this.session.pending("quality")?.value;
    return (pending?.kind === "quality" ? pending : this.session.reading?.quality) ?? NOTHING_SAID;
  }

  get #isFinished() {
    const pending = this.session.pending("finished")?.value;
    return pending?.kind === "finished" ? pending.is_finished : (this.session.reading?.finished ?? false);
  }

  /** @param {Partial<Quality>} change */
  #rate(change) {
    rateImage(this.session, { ...NOTHING_SAID, ...this.#quality, ...change, kind: "quality" });
  }

  #showScan() {
    const { scan, reader } = this.session;
    if (!scan) return;
    const suits = `${scan.sequence}: ${scan.suitability.verdict}`;
    const run = scan.runs.find(({ id }) => id === scan.run);
    const ran = run ? `Findings by ${run.name}, ${run.time.slice(0, 16).replace("T", " ")}.` : null;
    const lines = [suits, ...scan.suitability.reasons, ran, ...scan.notes];
    this.notes.replaceChildren(...lines.flatMap((line) => (line ? element("li", {}, line) : [])));
    this.audit.href = auditAddress(scan.id, reader);
  }

  update() {
    const { session } = this;
    const { reading } = session;
    if (!reading) return;
    const quality = this.#quality;
    this.rating.show(quality.rating, null);
    for (const { id, box } of this.boxes) box.checked = quality.artefacts.includes(id);
    this.note.show(this.#item, quality.note);
    const { open } = reading.counts;
    this.open.textContent = this.#isFinished
      ? "You have finished this scan. Other readers' findings can be compared now."
      : open > 0
        ? `${open} findings are open. Decide them first.`
        : "All findings are decided.";
    this.finish.textContent = this.#isFinished ? "Open the scan again" : "I have finished this scan";
    this.finish.disabled = !this.#isFinished && open > 0;
    this.landmarks.replaceChildren(
      ...(reading.landmarks.length
        ? reading.landmarks.map((one) => this.#landmark(one))
        : [element("li", { class: "quiet" }, "none; l sets one")]),
    );
  }

  /** @param {PlacedLandmark} landmark */
  #landmark(landmark) {
    const label = this.session.room.vocabulary.landmarks.find(({ id }) => id === landmark.type)?.label ?? landmark.type;
    return element(
      "li",
      {},
      element("button", { type: "button", class: "link", onclick: () => this.onGo(landmark.world) }, `◇ ${label}`),
      element(
        "button",
        {
          type: "button",
          class: "small",
          "aria-label": `Remove ${label}`,
          onclick: () => removeLandmark(this.session, landmark.item),
        },
        "remove",
      ),
    );
  }
}
