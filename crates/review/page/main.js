/** The page's start: who reads, which scan, and everything that listens. */

import { fetchConsensus, fetchImage, fetchRoom, leave, sendDecision } from "./client/calls.js";
import { DecisionQueue } from "./client/decisions.js";
import { unsavedKeeper } from "./client/unsaved.js";
import { openAgreementDialog } from "./dialogs/agreement_dialog.js";
import { openExportDialog } from "./dialogs/export_dialog.js";
import { openHelp } from "./dialogs/help_dialog.js";
import { askTerm } from "./dialogs/menu.js";
import { askReader, rememberedReader } from "./dialogs/reader_dialog.js";
import { openRunDialog } from "./dialogs/run_dialog.js";
import { askScan } from "./dialogs/scans_dialog.js";
import { byId } from "./dom/element.js";
import { showHeader } from "./header/header.js";
import { actions } from "./keys/actions.js";
import { listenToKeys } from "./keys/keyboard.js";
import { showFindings } from "./list/findings_list.js";
import { showListHead } from "./list/list_head.js";
import { inOrder, showPlaces } from "./list/places_list.js";
import { announce, complain } from "./messages/announce.js";
import { showBanner } from "./messages/banner.js";
import { showLoading } from "./messages/loading.js";
import { FindingPanel } from "./panel/finding_panel.js";
import { showForms } from "./panel/forms_panel.js";
import { PlacePanel, placeShown } from "./panel/place_panel.js";
import { showReportText } from "./panel/report_text.js";
import { ScanPanel } from "./panel/scan_panel.js";
import { Tabs } from "./panel/tabs.js";
import { takeAnswer, takeRefusal } from "./reading/answers.js";
import { addLandmark } from "./reading/decide.js";
import { nextOpen } from "./reading/order.js";
import { Session } from "./reading/session.js";
import { openPartner, openReport, openScan, reloadScan, scanInAddress } from "./scans/opening.js";
import { Toolbox } from "./tools/toolbox.js";
import { findingOutlines } from "./view/finding_outlines.js";
import { showHint } from "./view/hint.js";
import { listenToPointer } from "./view/pointer.js";
import { probe } from "./view/probe.js";
import { showStatus } from "./view/status.js";
import { showToolbar } from "./view/toolbar.js";
import { Viewer } from "./view/viewer.js";

/** @import {Room, Vec3} from "./types/interface.d.ts" */

async function start() {
  let room = await fetchRoom(rememberedReader());
  const reader = room.reader_given ?? rememberedReader();
  if (reader !== rememberedReader()) room = await fetchRoom(reader);
  const only = room.scans.length === 1 ? room.scans[0].id : null;
  const named = room.scans.find(({ id }) => id === scanInAddress())?.id ?? only;
  // Voxels are the longest to come, so they are asked for before anything else is shown.
  const bytes = named === null ? undefined : fetchImage(named);
  bytes?.catch(() => undefined);
  const viewer = makeViewer();
  const session = new Session(room);
  const keeper = unsavedKeeper(localStorage, room.review_id);
  const queue = new DecisionQueue({
    send: sendDecision,
    // Where this is not answered either, the decision is rather kept.
    isAddressValid: () =>
      fetchRoom(session.reader).then(
        () => true,
        () => false,
      ),
    keeper,
    onAnswer: (decision, answer) => takeAnswer(session, decision, answer),
    onRefused: takeRefusal,
    onChange: () => {
      showBanner(queue);
      session.notify("queue");
    },
  });
  session.queue = queue;
  session.reader = room.has_entered ? reader : "";
  while (!session.reader) {
    session.reader = (await askReader({ known: room.readers, current: "", proposed: reader })) ?? "";
  }
  build(session, viewer, queue, keeper);
  Object.assign(window, { siderinReview: probe(viewer, session) });
  queue.restore(keeper.left(session.reader));

  let scan = named;
  while (scan === null && room.scans.length > 0) scan = await askScan(await scans(session), null);
  if (scan === null) return complain("No scan is open. Start siderin review with a folder that holds scans.");
  await open(session, viewer, scan, bytes);
}

/** @param {Session} session */
async function scans(session) {
  try {
    session.room.scans = (await fetchRoom(session.reader)).scans;
  } catch (error) {
    complain(error);
  }
  return session.room.scans;
}

/** @param {Session} session @param {Viewer} viewer @param {number} id @param {Promise<ArrayBuffer>} [bytes] */
async function open(session, viewer, id, bytes) {
  await openScan(session, viewer, id, bytes);
  const { scan } = session;
  if (!scan || scan.id !== id) return;
  selectFirst(session);
  if (scan.runs.length === 0 && session.room.methods.length > 0) openRun(session);
}

/** Where the reading goes on: at the first open finding. @param {Session} session */
function selectFirst(session) {
  const items = session.listed;
  session.select(nextOpen(items, null, (item) => session.verdict(item) === "open") ?? items[0] ?? null);
}

/** @param {Session} session */
function openRun(session) {
  openRunDialog(session, () => {
    void reloadScan(session).then(() => selectFirst(session));
  });
}

/**
 * @param {Session} session @param {Viewer} viewer @param {DecisionQueue} queue
 * @param {ReturnType<typeof unsavedKeeper>} keeper
 */
function build(session, viewer, queue, keeper) {
  const tabs = new Tabs();
  /** @param {Vec3} world */
  const setLandmark = async (world) => {
    const chosen = await askTerm({
      id: "landmark-menu",
      title: "What is here?",
      terms: session.room.vocabulary.landmarks,
    });
    if (chosen?.id) addLandmark(session, chosen.id, world);
    toolbox.choose("look");
  };
  const toolbox = new Toolbox(session, viewer, (world) => void setLandmark(world));
  viewer.layers.unshift(findingOutlines(session, () => viewer.hasOutlines));
  showToolbar(viewer, toolbox);
  showHint(toolbox);
  const hover = showStatus(viewer);
  listenToPointer(
    viewer,
    () => {
      const { tool } = toolbox;
      return tool && ((stroke) => tool.stroke(stroke));
    },
    (point, tile) => {
      hover(point);
      toolbox.hover(point, tile);
    },
  );
  showListHead(session);
  showFindings(session);
  showPlaces(session);
  new FindingPanel(session, tabs.page("finding"));
  const own = () => {
    session.consensus = null;
    session.selected = null;
    session.notify("consensus");
    selectFirst(session);
  };
  new PlacePanel(session, tabs.page("finding"), own);
  showForms(session, tabs);
  showReportText(session, tabs.page("report"));
  new ScanPanel(session, tabs.page("scan"), (world) => viewer.showWorld(world));

  session.on(["selection"], () => {
    const shown = placeShown(session) ?? session.finding(session.selected);
    if (!shown) return viewer.redraw();
    viewer.showWorld(shown.center_world);
    viewer.afterDraw(() => performance.mark("siderin:finding-shown"));
  });
  session.on(["reading", "queue", "consensus", "scan"], () => viewer.redraw());
  listenToKeys(actions({ session, viewer, toolbox, tabs }));

  showHeader(session, {
    chooseScan: async () => {
      const id = await askScan(await scans(session), session.scan?.id ?? null);
      if (id !== null && id !== session.scan?.id) await open(session, viewer, id);
    },
    choosePartner: (partner) => void openPartner(session, viewer, partner),
    showQuality: () => tabs.show("scan"),
    run: () => openRun(session),
    agreement: () => openAgreementDialog(session, () => void together(session, tabs)),
    exportAll: () => openExportDialog(session),
    report: () => openReport(session),
    changeReader: async () => {
      const { readers } = await fetchRoom(session.reader).catch(() => session.room);
      const name = await askReader({ known: readers, current: session.reader });
      if (!name || name === session.reader) return;
      // Who reads next at this desk has to enter as well. What was not sent yet waits for the reader's return.
      const before = session.reader;
      session.reader = name;
      leave(before).catch(complain);
      queue.restore(keeper.left(name));
      await reloadScan(session);
      selectFirst(session);
      announce(`${name} reads now`);
    },
    help: () => openHelp(session.room.research_use),
  });
}

/** @param {Session} session @param {Tabs} tabs */
async function together(session, tabs) {
  if (!session.scan) return;
  try {
    session.consensus = await fetchConsensus(session.scan.id, session.reader);
  } catch (error) {
    return complain(error);
  }
  tabs.show("finding");
  session.selected = null;
  session.notify("consensus");
  session.select(inOrder(session.consensus.places)[0]?.id ?? null);
}

function makeViewer() {
  const viewer = new Viewer(
    byId("stage", HTMLElement),
    byId("picture", HTMLCanvasElement),
    byId("drawing", HTMLCanvasElement),
  );
  viewer.started.catch(() =>
    complain(
      "The pictures cannot be shown: the browser has no WebGL 2. Use a current Firefox, Chrome or Edge with graphics acceleration.",
    ),
  );
  return viewer;
}

showLoading("Starting…");
start()
  .catch(complain)
  .finally(() => showLoading(null));
