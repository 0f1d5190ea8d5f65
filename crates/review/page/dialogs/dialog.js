/** A dialog that goes away when it is closed. */

import { element } from "../dom/element.js";

/** @import {Child} from "../dom/element.js" */

/**
 * @param {{ id: string, title: string, canClose?: boolean, onClose?: () => void }} about
 * @param {...(Child | Child[])} children
 */
export function openDialog({ id, title, canClose = true, onClose }, ...children) {
  const close = element(
    "button",
    { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() },
    "✕",
  );
  const dialog = element(
    "dialog",
    { id, "data-testid": id, "aria-labelledby": `${id}-title` },
    element("div", { class: "dialog-head" }, element("h2", { id: `${id}-title` }, title), canClose && close),
    element("div", { class: "dialog-body" }, ...children),
  );
  dialog.addEventListener("cancel", (event) => {
    if (!canClose) event.preventDefault();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** A line in a dialog that says what went wrong. */
export const errorLine = () => element("p", { class: "error", role: "alert" });
