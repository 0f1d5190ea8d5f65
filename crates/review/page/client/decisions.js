/**
 * Decisions on their way to the server: one after the other, in the order they were made.
 *
 * A decision is kept until the server has answered it. Its key makes sending it twice harmless.
 */

import { RequestError } from "./http.js";

/** @import {Entry} from "../types/interface.d.ts" */

/**
 * @typedef {object} Decision
 * @property {string} key
 * @property {"change" | "undo" | "redo" | "consensus"} kind
 * @property {number} scan
 * @property {string} reader
 * @property {string | null} item none for what is new; for a consensus the place
 * @property {Entry | null} value
 * @property {string} words what it does, for messages
 * @property {number} time when it was made
 */
/** @typedef {"idle" | "saving" | "unanswered" | "locked" } QueueState */
/**
 * @typedef {object} Keeper
 * @property {(decision: Decision) => boolean} keep whether it could be kept
 * @property {(decision: Decision) => void} drop
 */
/**
 * @typedef {object} QueueParts
 * @property {(decision: Decision) => Promise<unknown>} send
 * @property {() => Promise<boolean>} isAddressValid whether the server still knows the page's token
 * @property {Keeper} keeper
 * @property {(decision: Decision, answer: unknown) => void} onAnswer
 * @property {(decision: Decision, error: RequestError) => void} onRefused
 * @property {() => void} onChange
 * @property {number} [retryMs]
 */

const RETRY_MS = 2000;

export class DecisionQueue {
  /** @type {Decision[]} */
  waiting = [];
  /** @type {QueueState} */
  state = "idle";
  /** Whether every waiting decision would survive closing the page. */
  isKept = true;
  #isRunning = false;
  /** @type {(() => void) | null} */
  #wake = null;

  /** @param {QueueParts} parts */
  constructor(parts) {
    this.parts = parts;
  }

  /** @param {Decision} decision */
  add(decision) {
    this.isKept = this.parts.keeper.keep(decision) && this.isKept;
    this.waiting.push(decision);
    void this.#run();
    this.parts.onChange();
  }

  /** What an earlier page could not send. @param {Decision[]} decisions */
  restore(decisions) {
    const known = new Set(this.waiting.map((decision) => decision.key));
    this.waiting.unshift(...decisions.filter((decision) => !known.has(decision.key)));
    void this.#run();
    this.parts.onChange();
  }

  /** Sends at once instead of waiting for the next try. */
  retry() {
    this.#wake?.();
  }

  async #run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let first = this.waiting[0]; first; first = this.waiting[0]) {
      if (this.state === "idle") this.#become("saving");
      await this.#try(first);
    }
    this.#isRunning = false;
    this.isKept = true;
    this.#become("idle");
  }

  /** @param {Decision} decision */
  async #try(decision) {
    try {
      const answer = await this.parts.send(decision);
      this.#settle(decision);
      this.#become("saving");
      this.parts.onAnswer(decision, answer);
    } catch (error) {
      const refusal = error instanceof RequestError ? error : new RequestError(0, String(error));
      const isRefused = refusal.status >= 400 && refusal.status < 500 && ![408, 429].includes(refusal.status);
      // 403 is a decision that this reader may not make, or a server that was started anew and has another address.
      // 401: the server no longer knows who reads. The decision is kept until the page was reloaded and the reader entered.
      const isLocked = refusal.status === 401 || (refusal.status === 403 && !(await this.parts.isAddressValid()));
      if (isRefused && !isLocked) {
        this.#settle(decision);
        this.parts.onRefused(decision, refusal);
        return;
      }
      this.#become(isLocked ? "locked" : "unanswered");
      await this.#pause();
    }
  }

  /** @param {Decision} decision */
  #settle(decision) {
    this.waiting = this.waiting.filter((other) => other !== decision);
    this.parts.keeper.drop(decision);
  }

  #pause() {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), this.parts.retryMs ?? RETRY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  /** @param {QueueState} state */
  #become(state) {
    this.state = state;
    this.parts.onChange();
  }
}
