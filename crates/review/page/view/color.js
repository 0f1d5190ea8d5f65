/** Colours of what is drawn on the pictures: the tokens of style/tokens.css. */

/** @type {Map<string, string>} */
const known = new Map();

/** @param {string} token such as `--own` @returns {string} */
export function color(token) {
  const value = known.get(token) ?? getComputedStyle(document.documentElement).getPropertyValue(token).trim();
  // A canvas would go on with the colour before.
  if (!value) throw new Error(`drawing: style/tokens.css has no ${token}; reload the page`);
  known.set(token, value);
  return value;
}
