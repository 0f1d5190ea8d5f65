/** A landmark: a click on the place, then its type. */

import { worldFromFrame } from "../geometry/frame.js";

/** @import {Vec3} from "../types/interface.d.ts" */
/** @import {Session} from "../reading/session.js" */
/** @import {Stroke} from "../view/pointer.js" */
/** @import {Tool} from "./toolbox.js" */

/** @implements {Tool} */
export class Landmarking {
  isPending = false;
  hint = "Set a landmark: click on the place.";

  /** @param {Session} session @param {(world: Vec3) => void} ask for the type */
  constructor(session, ask) {
    this.session = session;
    this.ask = ask;
  }

  /** @param {Stroke} stroke */
  stroke({ point, isLast }) {
    if (isLast && this.session.frame) this.ask(worldFromFrame(this.session.frame, point));
  }

  keep() {
    return false;
  }

  drop() {}

  draw() {}
}
