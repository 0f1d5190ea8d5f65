/** Buttons above the pictures. */

import { byId, element } from "../dom/element.js";
import { SLABS_MM } from "./viewer.js";

/** @import {Toolbox, ToolName} from "../tools/toolbox.js" */
/** @import {Viewer} from "./viewer.js" */

/** @type {[ToolName, string, string][]} */
const TOOLS = [
  ["add", "Add", "m"],
  ["group", "Group", "g"],
  ["brush", "Brush", "b"],
  ["erase", "Eraser", "e"],
  ["landmark", "Landmark", "l"],
];

/** @param {Viewer} viewer @param {Toolbox} toolbox */
export function showToolbar(viewer, toolbox) {
  const tools = TOOLS.map(([name, label, key]) => ({
    name,
    button: button(`tool-${name}`, label, key, () => toolbox.choose(name)),
  }));
  const outlines = button("outlines", "Outlines", "o", () => viewer.toggleOutlines());
  const crosshair = button("crosshair", "Crosshair", "x", () => viewer.toggleCrosshair());
  const smooth = button("smooth", "Smooth", "i", () => viewer.setSmooth(!viewer.isSmooth));
  const slab = element(
    "select",
    {
      id: "slab-select",
      "data-testid": "slab-select",
      title: "Darkest of a slab (t)",
      onchange: () => viewer.setSlab(Number(slab.value)),
    },
    SLABS_MM.map((mm) => element("option", { value: mm }, mm === 0 ? "off" : `${mm} mm`)),
  );
  byId("toolbar", HTMLElement).append(
    element(
      "span",
      { class: "set" },
      tools.map((tool) => tool.button),
    ),
    element("span", { class: "stretch" }),
    element("label", { class: "inline", for: "slab-select" }, "Slab", slab),
    element("span", { class: "set" }, outlines, crosshair, smooth),
    button("window-reset", "Window", "w", () => viewer.resetWindows()),
  );
  const update = () => {
    for (const tool of tools) tool.button.setAttribute("aria-pressed", String(toolbox.name === tool.name));
    outlines.setAttribute("aria-pressed", String(viewer.hasOutlines));
    crosshair.setAttribute("aria-pressed", String(viewer.hasCrosshair));
    smooth.setAttribute("aria-pressed", String(viewer.isSmooth));
    slab.value = String(viewer.slabMm);
  };
  viewer.addEventListener("view", update);
  toolbox.addEventListener("change", update);
  update();
}

/** @param {string} id @param {string} label @param {string} key @param {() => void} onclick */
const button = (id, label, key, onclick) =>
  element(
    "button",
    { type: "button", id, "data-testid": id, title: `${label} (${key})`, onclick },
    label,
    element("kbd", { "aria-hidden": "true" }, key),
  );
