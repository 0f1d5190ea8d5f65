/** The calls of the interface, by name. */

import { address, get, getBytes, post } from "./http.js";

/** @import * as Api from "../types/interface.d.ts" */
/** @import {Decision} from "./decisions.js" */

/** @typedef {{ item: string, reading: Api.Reading }} Changed */

/** @param {string} reader @returns {Promise<Api.Room>} */
export const fetchRoom = (reader) => get("api/room", { reader });

/** @param {string} reader @param {string} password @param {boolean} isNew @returns {Promise<{ reader: string }>} */
export const enter = (reader, password, isNew) => post("api/enter", {}, { reader, password, is_new: isNew });

/** @param {string} reader @returns {Promise<{ reader: string }>} */
export const leave = (reader) => post("api/leave", { reader }, {});

/** @param {number} scan @param {string} reader @returns {Promise<Api.Scan>} */
export const fetchScan = (scan, reader) => get(`api/scans/${scan}`, { reader });

/** @param {number} scan */
export const fetchImage = (scan) => getBytes(`api/scans/${scan}/image.nii`, {});

/** @param {number} scan @param {string} partner */
export const fetchPartner = (scan, partner) => getBytes(`api/scans/${scan}/image.nii`, { partner });

/** @param {number} scan @param {string} item @param {string} reader @param {number} version */
export const thumbnail = (scan, item, reader, version) =>
  address(`api/scans/${scan}/thumbs/${item}.svg`, { reader, version });

/** @param {number} scan @param {string} reader @param {unknown} body @returns {Promise<Api.Grown>} */
export const grow = (scan, reader, body) => post(`api/scans/${scan}/grow`, { reader }, body);

/** @param {Decision} decision @returns {Promise<Changed | Api.Consensus>} */
export function sendDecision({ kind, scan, reader, key, item, value }) {
  const path = `api/scans/${scan}`;
  switch (kind) {
    case "change":
      return post(`${path}/changes`, { reader }, { key, item, value });
    case "consensus":
      return post(`${path}/consensus`, { reader }, { key, place: item, value });
    default:
      return post(`${path}/${kind}`, { reader }, { key });
  }
}

/** @param {string} reader @param {number} scan @param {string} method @returns {Promise<{ id: number }>} */
export const startRun = (reader, scan, method) => post("api/runs", { reader }, { scan, method });

/** @param {number} id @returns {Promise<Api.Job>} */
export const fetchRun = (id) => get(`api/runs/${id}`);

/** @param {string} reader @param {number | "all"} scan @returns {Promise<Api.Agreement>} */
export const fetchAgreement = (reader, scan) => get("api/agreement", { reader, scan });

/** @param {number} scan @param {string} reader @returns {Promise<Api.Consensus>} */
export const fetchConsensus = (scan, reader) => get(`api/scans/${scan}/consensus`, { reader });

/** @param {string} reader @param {"mine" | "consensus"} whose @param {number[] | "all"} scans @returns {Promise<Api.Exported>} */
export const exportReadings = (reader, whose, scans) => post("api/export", { reader }, { whose, scans });

/** @param {number} scan @param {string} reader */
export const reportAddress = (scan, reader) => address(`api/scans/${scan}/report.html`, { reader });

/** @param {number} scan @param {string} reader */
export const auditAddress = (scan, reader) => address(`api/scans/${scan}/audit.csv`, { reader });
