/** What the keys do. */

import { openHelp } from "../dialogs/help_dialog.js";
import { askTerm } from "../dialogs/menu.js";
import { inOrder } from "../list/places_list.js";
import { judgeTogether } from "../panel/place_panel.js";
import { changeFinding, judge, step, takeBack } from "../reading/decide.js";
import { neighbour } from "../reading/order.js";
import { openReport } from "../scans/opening.js";
import { resizeBrush } from "../tools/painting.js";
import { SLABS_MM } from "../view/viewer.js";
import { widened } from "../view/window.js";

/** @import {Certainty} from "../types/interface.d.ts" */
/** @import {Action} from "./keymap.js" */
/** @import {Session} from "../reading/session.js" */
/** @import {Tabs} from "../panel/tabs.js" */
/** @import {Toolbox} from "../tools/toolbox.js" */
/** @import {Viewer} from "../view/viewer.js" */

/**
 * @param {{ session: Session, viewer: Viewer, toolbox: Toolbox, tabs: Tabs }} page
 * @returns {(action: Action) => boolean}
 */
export function actions({ session, viewer, toolbox, tabs }) {
  /** @param {1 | -1} by */
  const selectNeighbour = (by) => {
    const items = session.consensus ? inOrder(session.consensus.places).map(({ id }) => id) : session.listed;
    session.select(neighbour(items, session.selected, by));
  };
  /** @param {Certainty} certainty */
  const setCertainty = (certainty) => {
    const finding = session.finding(session.selected);
    if (finding) changeFinding(session, finding, { certainty }, certainty);
  };
  /** @param {"accepted" | "rejected"} verdict @param {string | null} mimic */
  const decide = (verdict, mimic) => {
    if (session.consensus) judgeTogether(session, verdict, mimic);
    else judge(session, verdict, mimic);
  };
  const reject = async () => {
    if (!session.selected) return;
    const terms = session.room.vocabulary.mimics;
    const chosen = await askTerm({ id: "mimic-menu", title: "Rejected: what is it?", terms, none: "no type" });
    if (chosen) decide("rejected", chosen.id);
  };
  /** @param {1 | -1} by */
  const moveSlice = (by) => {
    if (viewer.frame) viewer.moveSlices(viewer.frame.sliceAxis, by);
  };
  /** @param {number} factor */
  const changeContrast = (factor) => viewer.setWindow("scan", widened(viewer.windows.scan, factor));
  const nextSlab = () => viewer.setSlab(SLABS_MM[(SLABS_MM.indexOf(viewer.slabMm) + 1) % SLABS_MM.length]);
  const takeDecisionBack = () => {
    const finding = session.finding(session.selected);
    if (finding && session.mark(finding)) takeBack(session, finding);
  };
  /** @param {1 | -1} by */
  const brushSize = (by) => {
    resizeBrush(by);
    toolbox.dispatchEvent(new Event("change"));
    viewer.redraw();
  };

  /** @type {Record<Action, () => boolean | void>} */
  const byAction = {
    next: () => selectNeighbour(1),
    previous: () => selectNeighbour(-1),
    accept: () => decide("accepted", null),
    reject: () => void reject(),
    definite: () => setCertainty("definite"),
    possible: () => setCertainty("possible"),
    takeBack: takeDecisionBack,
    undo: () => step(session, "undo"),
    redo: () => step(session, "redo"),
    add: () => toolbox.choose("add"),
    group: () => toolbox.choose("group"),
    brush: () => toolbox.choose("brush"),
    erase: () => toolbox.choose("erase"),
    landmark: () => toolbox.choose("landmark"),
    reference1: () => toolbox.growing?.choose(0) ?? false,
    reference2: () => toolbox.growing?.choose(1) ?? false,
    reference3: () => toolbox.growing?.choose(2) ?? false,
    keep: () => toolbox.keep(),
    drop: () => toolbox.drop(),
    smaller: () => brushSize(-1),
    larger: () => brushSize(1),
    outlines: () => viewer.toggleOutlines(),
    crosshair: () => viewer.toggleCrosshair(),
    smooth: () => viewer.setSmooth(!viewer.isSmooth),
    slab: nextSlab,
    resetWindow: () => viewer.resetWindows(),
    moreContrast: () => changeContrast(0.9),
    lessContrast: () => changeContrast(1 / 0.9),
    sliceUp: () => moveSlice(1),
    sliceDown: () => moveSlice(-1),
    zoomIn: () => viewer.zoomBy(1.4, viewer.location),
    zoomOut: () => viewer.zoomBy(1 / 1.4, viewer.location),
    zoomReset: () => viewer.showWhole(),
    forms: () => tabs.show(tabs.shown === "forms" ? "finding" : "forms"),
    report: () => openReport(session),
    help: () => openHelp(session.room.research_use),
  };
  return (action) => {
    // Together, readers decide on places: there is nothing to mark or to undo.
    const isOwn = ["definite", "possible", "takeBack", "undo", "redo", "add", "group", "brush", "erase"].includes(
      action,
    );
    if (session.consensus && isOwn) return false;
    return byAction[action]() !== false;
  };
}
