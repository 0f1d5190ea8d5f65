/** Opening a scan (what is said of it and its voxels, together), an image beside it, and its report. */

import { fetchImage, fetchPartner, fetchScan, reportAddress } from "../client/calls.js";
import { byId } from "../dom/element.js";
import { scanFrame } from "../geometry/frame.js";
import { complain } from "../messages/announce.js";
import { showLoading } from "../messages/loading.js";

/** @import {Session} from "../reading/session.js" */
/** @import {Viewer} from "../view/viewer.js" */

/**
 * @param {Session} session @param {Viewer} viewer @param {number} id @param {Promise<ArrayBuffer>} [bytes] already asked for
 */
export async function openScan(session, viewer, id, bytes = fetchImage(id)) {
  showLoading("Loading the scan…");
  try {
    const [scan, image] = await Promise.all([fetchScan(id, session.reader), bytes]);
    session.scan = scan;
    session.consensus = null;
    session.selected = null;
    session.frame = scanFrame(scan.image);
    const { black, white } = scan.image.window;
    await viewer.open(session.frame, image, { black, white });
    history.replaceState(null, "", `#scan=${id}`);
    session.notify("scan");
    viewer.afterDraw(() => {
      performance.mark("siderin:first-image");
      document.documentElement.dataset.ready = "true";
    });
  } catch (error) {
    complain(error);
  }
  showLoading(null);
}

/** Asks again what is said of the scan: after a run, or when another reader reads. @param {Session} session */
export async function reloadScan(session) {
  if (!session.scan) return;
  try {
    session.scan = await fetchScan(session.scan.id, session.reader);
    session.selected = null;
    session.consensus = null;
    session.notify("scan");
  } catch (error) {
    complain(error);
  }
}

/** @param {Session} session @param {Viewer} viewer @param {string} partner none closes it */
export async function openPartner(session, viewer, partner) {
  const { scan } = session;
  const label = byId("partner-label", HTMLElement);
  label.hidden = true;
  if (!scan || !partner) return viewer.closePartner();
  const about = scan.partners.find(({ id }) => id === partner);
  showLoading(`Laying ${about?.name ?? "the second image"} onto the scan…`);
  try {
    const bytes = await fetchPartner(scan.id, partner);
    // Another scan may have been opened meanwhile.
    if (session.scan === scan || session.scan?.id === scan.id) {
      await viewer.openPartner(bytes);
      label.textContent = `${about?.name ?? partner} · ${about?.note ?? ""}`;
      label.hidden = false;
    }
  } catch (error) {
    complain(error);
  }
  showLoading(null);
}

/** @returns {number | null} the scan that the address names */
export function scanInAddress() {
  const id = /^#scan=(\d+)$/.exec(location.hash)?.[1];
  return id ? Number(id) : null;
}

/** @param {Session} session */
export function openReport(session) {
  if (session.scan) window.open(reportAddress(session.scan.id, session.reader), "_blank", "noopener");
}
