/** All keys. */

import { element } from "../dom/element.js";
import { keyName, SHORTCUTS } from "../keys/keymap.js";
import { openDialog } from "./dialog.js";

/** @param {string} research */
export function openHelp(research) {
  const groups = [...new Set(SHORTCUTS.map(({ group }) => group))].map((group) =>
    element(
      "section",
      {},
      element("h3", {}, group),
      element(
        "dl",
        {},
        SHORTCUTS.filter((shortcut) => shortcut.group === group).flatMap(({ keys, words }) => [
          element(
            "dt",
            {},
            keys.map((key) => element("kbd", {}, keyName(key))),
          ),
          element("dd", {}, words),
        ]),
      ),
    ),
  );
  openDialog(
    { id: "help-dialog", title: "Keys" },
    element("div", { class: "key-groups" }, groups),
    element(
      "p",
      { class: "quiet" },
      "Left button: where to look. Right button: grey values. Middle button, or Shift and the left: move the picture. Wheel: slices. Ctrl and the wheel: closer.",
    ),
    element("p", { class: "quiet" }, research),
  );
}
