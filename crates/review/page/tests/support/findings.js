/** What the server would say, as small as a test needs it. */

import { Session } from "../../reading/session.js";

/** @import {Finding, Mark, Place, Room, Scan} from "../../types/interface.d.ts" */
/** @import {Decision} from "../../client/decisions.js" */

/** @param {string} item @param {Mark | null} [mark] @returns {Finding} */
export const finding = (item, mark = null) => ({
  item,
  origin: item.startsWith("a") ? "reader" : "program",
  confidence: item.startsWith("a") ? null : 0.5,
  center_world: [0, 0, 0],
  center_voxel: [0, 0, 0],
  diameter_mm: 3,
  volume_mm3: 14,
  mask: [0, 1],
  program_mask: item.startsWith("a") ? null : [0, 1],
  measured: {
    region: null,
    side: null,
    or_region: null,
    location: null,
    certainty: "definite",
    size: "small",
    in_words: null,
  },
  mark,
  count: 1,
});

/** @param {string} id @param {boolean} agreed @returns {Place} */
export const place = (id, agreed) => ({
  id,
  center_world: [0, 0, 0],
  center_voxel: [0, 0, 0],
  items: {},
  verdicts: {},
  agreed,
  mask: [0, 1],
  decision: null,
});

/**
 * A session of scan 1, whose queue only collects.
 * @param {Finding[]} findings
 */
export function sessionOf(findings) {
  const session = new Session(/** @type {Room} */ (/** @type {unknown} */ ({})));
  session.reader = "anna";
  session.scan = /** @type {Scan} */ (/** @type {unknown} */ ({ id: 1, reading: { findings } }));
  /** @type {Decision[]} */
  const waiting = [];
  const queue = { waiting, add: (/** @type {Decision} */ decision) => waiting.push(decision) };
  session.queue = /** @type {NonNullable<typeof session.queue>} */ (/** @type {unknown} */ (queue));
  return { session, waiting };
}
