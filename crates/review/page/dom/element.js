/** Makes elements. Text is set as text, never as HTML: names of files and notes come from outside. */

/** @typedef {Node | string | null | false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [attributes] `on…` are listeners, `true` is an empty attribute, null and false are none
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== false));
  return made;
}

/**
 * An element of index.html.
 * @template {Element} Kind
 * @param {string} id @param {new () => Kind} kind @returns {Kind}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}; reload it`);
  return found;
}

/** Touches the page only where the text is another. @param {Element} shown @param {string} text */
export function setText(shown, text) {
  if (shown.textContent !== text) shown.textContent = text;
}

/** The menu of a select: what is not said first. @param {HTMLSelectElement} select @param {string} unsaid @param {{ id: string, label: string, group?: string }[]} terms */
export function fillSelect(select, unsaid, terms) {
  const groups = new Map(
    [...new Set(terms.map((term) => term.group))].map((group) => [group, /** @type {HTMLElement[]} */ ([])]),
  );
  for (const term of terms) groups.get(term.group)?.push(element("option", { value: term.id }, term.label));
  select.replaceChildren(
    element("option", { value: "" }, unsaid),
    ...[...groups].flatMap(([group, options]) => (group ? [element("optgroup", { label: group }, options)] : options)),
  );
}
