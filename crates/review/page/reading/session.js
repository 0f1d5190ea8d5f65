/**
 * What the page knows: who reads which scan, what is said of it, and what is on the way to the server.
 *
 * Parts of the page listen for what concerns them: `scan`, `reading`, `selection`, `queue`, `filter`, `consensus`.
 */

import { isListed } from "./order.js";
import { verdictOf } from "./marks.js";

/** @import {Consensus, Entry, Finding, Mark, Reading, Room, Scan} from "../types/interface.d.ts" */
/** @import {Decision, DecisionQueue} from "../client/decisions.js" */
/** @import {ScanFrame} from "../geometry/frame.js" */
/** @import {Filter} from "./order.js" */

/** @typedef {"scan" | "reading" | "selection" | "queue" | "filter" | "consensus"} Topic */

export class Session extends EventTarget {
  reader = "";
  /** @type {Scan | null} */
  scan = null;
  /** @type {ScanFrame | null} */
  frame = null;
  /** @type {string | null} */
  selected = null;
  /** @type {Filter} */
  filter = "all";
  /** @type {Consensus | null} what readers decide together, where that is shown */
  consensus = null;
  /** @type {DecisionQueue | null} */
  queue = null;

  /** @param {Room} room */
  constructor(room) {
    super();
    this.room = room;
  }

  /** @returns {Reading | null} */
  get reading() {
    return this.scan?.reading ?? null;
  }

  /** @param {Topic} topic */
  notify(topic) {
    this.dispatchEvent(new Event(topic));
  }

  /** @param {Topic[]} topics @param {() => void} listener */
  on(topics, listener) {
    for (const topic of topics) this.addEventListener(topic, listener);
  }

  /** @param {string | null} item */
  finding(item) {
    return this.reading?.findings.find((finding) => finding.item === item) ?? null;
  }

  /** Decisions on this scan that the server has not answered. */
  get unanswered() {
    return (this.queue?.waiting ?? []).filter(
      (decision) => decision.scan === this.scan?.id && decision.reader === this.reader,
    );
  }

  /** @param {string} item @param {Decision["kind"]} [kind] */
  pending(item, kind = "change") {
    return this.unanswered.findLast((decision) => decision.item === item && decision.kind === kind) ?? null;
  }

  /**
   * What is shown of a finding: the last that was said, answered or not.
   * @param {Finding} finding @returns {Mark | null}
   */
  mark(finding) {
    const pending = this.pending(finding.item);
    return pending ? asMark(pending.value) : finding.mark;
  }

  /** @param {string} item */
  verdict(item) {
    const finding = this.finding(item);
    return verdictOf(finding ? this.mark(finding) : null);
  }

  /** Items in the list as it is filtered. */
  get listed() {
    const findings = this.reading?.findings ?? [];
    return findings
      .filter((finding) => isListed(finding, verdictOf(this.mark(finding)), this.filter))
      .map((finding) => finding.item);
  }

  /** @param {string | null} item */
  select(item) {
    if (item === this.selected) return;
    this.selected = item;
    this.notify("selection");
  }
}

/** @param {Entry | null} entry @returns {Mark | null} */
const asMark = (entry) => (entry?.kind === "finding" ? entry : null);
