/**
 * Keeps decisions in the browser until they are answered.
 *
 * Each has an entry of its own, so two pages of one reader do not overwrite each other's.
 */

/** @import {Decision, Keeper} from "./decisions.js" */

const PREFIX = "siderin:unsaved";

/**
 * @param {Storage} storage @param {string} review
 * @returns {Keeper & { left: (reader: string) => Decision[] }}
 */
export function unsavedKeeper(storage, review) {
  /** @param {string} reader */
  const prefix = (reader) => `${PREFIX}:${review}:${encodeURIComponent(reader)}:`;
  return {
    keep(decision) {
      try {
        storage.setItem(prefix(decision.reader) + decision.key, JSON.stringify(decision));
        return true;
      } catch {
        return false;
      }
    },
    drop(decision) {
      try {
        storage.removeItem(prefix(decision.reader) + decision.key);
      } catch {
        // Sent again at the next start, which changes nothing.
      }
    },
    left(reader) {
      return entries(storage)
        .filter(([key]) => key.startsWith(prefix(reader)))
        .flatMap(([, text]) => parsed(text))
        .sort((a, b) => a.time - b.time);
    },
  };
}

/** @param {Storage} storage @returns {[string, string][]} */
function entries(storage) {
  try {
    return Array.from({ length: storage.length }, (_, n) => storage.key(n) ?? "").map((key) => [
      key,
      storage.getItem(key) ?? "",
    ]);
  } catch {
    return [];
  }
}

/** @param {string} text @returns {Decision[]} none where the entry is damaged */
function parsed(text) {
  try {
    const decision = JSON.parse(text);
    return typeof decision?.key === "string" && typeof decision?.scan === "number" ? [decision] : [];
  } catch {
    return [];
  }
}
