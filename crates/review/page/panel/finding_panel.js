/** What is said of the selected finding. */

import { element, fillSelect, setText } from "../dom/element.js";
import { changeFinding, judge, takeBack } from "../reading/decide.js";
import { verdictOf } from "../reading/marks.js";
import { Choice } from "./choice.js";
import { NoteField } from "./note_field.js";

/** @import {Finding, Mark, Measured, Term, Verdict} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */

/** @param {string[][]} pairs */
const options = (pairs) => pairs.map(([id, label]) => ({ id, label }));

/** @param {Term[]} terms @param {string | null | undefined} id */
const labelOf = (terms, id) => terms.find((term) => term.id === id)?.label ?? id ?? "";

/** @typedef {"mimic" | "region" | "location" | "cause"} SelectName */

export class FindingPanel {
  /** @param {Session} session @param {HTMLElement} page */
  constructor(session, page) {
    this.session = session;
    const { vocabulary } = session.room;
    this.title = element("h2", {});
    this.about = element("p", { class: "quiet" });
    this.verdict = new Choice(
      "verdict",
      "Verdict",
      options([
        ["accepted", "✓ Accept"],
        ["rejected", "✕ Reject"],
        ["open", "○ Open"],
      ]),
      (id) => this.#judge(id),
    );
    this.verdict.root.classList.add("verdicts");
    this.certainty = new Choice(
      "certainty",
      "Certainty",
      options([
        ["definite", "definite"],
        ["possible", "possible"],
      ]),
      (id) => this.#say("certainty", id),
    );
    this.side = new Choice(
      "side",
      "Side",
      options([
        ["right", "right"],
        ["left", "left"],
        ["midline", "midline"],
      ]),
      (id) => this.#say("side", id),
    );
    this.size = new Choice(
      "size",
      "Size",
      options([
        ["small", "< 5 mm"],
        ["large", "5–10 mm"],
        ["macro", "> 10 mm"],
      ]),
      (id) => this.#say("size", id),
    );
    this.selects = {
      mimic: this.#select("mimic", "Mimic", vocabulary.mimics, "no type"),
      region: this.#select("region", "Region (MARS)", vocabulary.regions, ""),
      location: this.#select("location", "Place (BOMBS)", vocabulary.locations, ""),
      cause: this.#select("cause", "Probable cause", vocabulary.causes, "not said"),
    };
    this.group = element("input", {
      type: "checkbox",
      id: "finding-group",
      "data-testid": "finding-group",
      onchange: () => this.#say("is_group", this.group.checked),
    });
    this.note = new NoteField("finding-note", "Note", (note, item) => {
      const finding = session.finding(item);
      if (finding) changeFinding(session, finding, { note }, "note");
    });
    this.programMask = element(
      "button",
      { type: "button", "data-testid": "program-mask", onclick: () => this.#say("mask", null) },
      "Program's mask again",
    );
    this.back = element(
      "button",
      { type: "button", "data-testid": "take-back", onclick: () => this.#takeBack() },
      "Take decision back",
    );
    this.form = element(
      "div",
      { class: "form" },
      this.verdict.root,
      this.selects.mimic.root,
      this.certainty.root,
      this.selects.region.root,
      this.side.root,
      this.selects.location.root,
      this.size.root,
      this.selects.cause.root,
      element("label", { class: "check", for: "finding-group" }, this.group, "each part of the mask is a lesion"),
      this.note.root,
      element("div", { class: "row" }, this.back, this.programMask),
    );
    page.append(this.title, this.about, this.form);
    session.on(["scan", "reading", "queue", "consensus"], () => this.update());
    // The pictures go first: what is said of the finding follows a frame later.
    session.on(["selection"], () => requestAnimationFrame(() => setTimeout(() => this.update())));
    this.update();
  }

  get #finding() {
    return this.session.finding(this.session.selected);
  }

  /** @param {SelectName} name @param {string} label @param {Term[]} terms @param {string} unsaid */
  #select(name, label, terms, unsaid) {
    const id = `finding-${name}`;
    const select = element("select", { id, "data-testid": id, onchange: () => this.#say(name, select.value || null) });
    fillSelect(select, unsaid, terms);
    return {
      select,
      root: element("div", { class: "field" }, element("label", { class: "label", for: id }, label), select),
    };
  }

  /** @param {keyof Mark} name @param {string | boolean | null} value */
  #say(name, value) {
    const finding = this.#finding;
    if (!finding) return;
    // A mimic makes it a rejected one.
    const verdict = name === "mimic" && value ? { verdict: /** @type {const} */ ("rejected") } : {};
    changeFinding(this.session, finding, { [name]: value, ...verdict }, name.replace("_", " "));
  }

  /** @param {string | null} id */
  #judge(id) {
    const finding = this.#finding;
    if (!finding || id === null) return;
    if (id === "open") changeFinding(this.session, finding, { verdict: "open" }, "open again");
    else judge(this.session, /** @type {"accepted" | "rejected"} */ (id));
  }

  #takeBack() {
    const finding = this.#finding;
    if (finding) takeBack(this.session, finding);
  }

  update() {
    const { session } = this;
    if (session.consensus) return;
    const finding = this.#finding;
    this.form.hidden = !finding;
    if (!finding) {
      this.title.textContent = "Finding";
      this.about.textContent = session.reading?.findings.length
        ? "Choose a finding in the list: n is the next, p the one before."
        : "";
      return;
    }
    this.#show(finding, session.mark(finding));
  }

  /** @param {Finding} finding @param {Mark | null} mark */
  #show(finding, mark) {
    const { measured } = finding;
    const { vocabulary } = this.session.room;
    const verdict = verdictOf(mark);
    const own = finding.origin === "reader";
    const saving = this.session.pending(finding.item) ? " · saving" : "";
    setText(this.title, `${finding.item} · ${measured.in_words?.trim() || "place not known"}`);
    const confidence =
      finding.confidence === null ? "marked by you" : `confidence ${Math.round(100 * finding.confidence)} %`;
    setText(
      this.about,
      `${confidence} · ${finding.diameter_mm.toFixed(1)} mm · ${finding.volume_mm3.toFixed(0)} mm³${saving}`,
    );
    this.verdict.show(verdict, null);
    this.certainty.show(mark?.certainty ?? null, measured.certainty);
    this.side.show(mark?.side ?? null, measured.side);
    this.size.show(mark?.size ?? null, measured.size);
    const border = measured.or_region ? ` or ${labelOf(vocabulary.regions, measured.or_region)}` : "";
    unsaid(this.selects.region.select, measured.region && labelOf(vocabulary.regions, measured.region) + border);
    unsaid(this.selects.location.select, measured.location && labelOf(vocabulary.locations, measured.location));
    this.selects.mimic.root.hidden = verdict !== "rejected";
    for (const name of /** @type {SelectName[]} */ (Object.keys(this.selects))) {
      const { select } = this.selects[name];
      if (select.value !== (mark?.[name] ?? "")) select.value = mark?.[name] ?? "";
      select.toggleAttribute("data-said", Boolean(mark?.[name]));
    }
    this.group.checked = mark?.is_group ?? false;
    this.note.show(finding.item, mark?.note ?? "");
    this.programMask.hidden = own || !mark?.mask;
    setText(this.back, own ? "Remove this finding" : "Take decision back");
    this.back.disabled = !mark;
  }
}

/** The first entry says what holds while nothing is chosen. @param {HTMLSelectElement} select @param {string | null} measured */
function unsaid(select, measured) {
  const first = select.options[0];
  if (first) setText(first, measured ? `${measured} (as measured)` : "not known");
}
