/** The line on the pictures that says what the tool waits for. */

import { byId, element } from "../dom/element.js";
import { REFERENCES } from "../tools/growing.js";

/** @import {Toolbox} from "../tools/toolbox.js" */

/** @param {Toolbox} toolbox */
export function showHint(toolbox) {
  const bar = byId("hint", HTMLElement);
  const words = element("span", { "aria-live": "polite", "data-testid": "hint-words" });
  const references = REFERENCES.map(({ id, label }, n) => ({
    id,
    button: element(
      "button",
      { type: "button", "data-testid": `reference-${n + 1}`, onclick: () => toolbox.growing?.choose(n) },
      element("kbd", {}, String(n + 1)),
      label,
    ),
  }));
  const grown = element(
    "span",
    { class: "set", role: "group", "aria-label": "What voxels are compared with" },
    references.map(({ button }) => button),
  );
  const keep = element(
    "button",
    { type: "button", class: "primary", "data-testid": "keep", onclick: () => toolbox.keep() },
    element("kbd", {}, "Enter"),
    "Keep",
  );
  const drop = element(
    "button",
    { type: "button", "data-testid": "drop", onclick: () => toolbox.drop() },
    element("kbd", {}, "Esc"),
    "Drop",
  );
  bar.append(words, grown, keep, drop);
  const update = () => {
    const { tool, growing } = toolbox;
    bar.hidden = !tool;
    if (!tool) return;
    if (words.textContent !== tool.hint) words.textContent = tool.hint;
    grown.hidden = !growing?.proposal;
    keep.hidden = !growing?.proposal;
    drop.lastChild?.replaceWith(tool.isPending ? "Drop" : "Done");
    for (const { id, button } of references) button.setAttribute("aria-pressed", String(growing?.reference === id));
  };
  toolbox.addEventListener("change", update);
  update();
}
