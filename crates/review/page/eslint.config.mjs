/** What the linter asks of the page, its styles and its tests. Prettier lays them out. */

import css from "@eslint/css";
import js from "@eslint/js";
import colorNames from "color-name";
import { defineConfig } from "eslint/config";
import globals from "globals";

/**
 * A colour that is written out stands in style/tokens.css alone, so that each has a name and one place. No style of the
 * page reaches icon.svg, which has its own.
 */
const HEX = String.raw`#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})(?![-\w])`;
const FUNCTIONS = "(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color|color-mix)";
const NAMES = Object.keys(colorNames).join("|");
/** @param {string[]} selectors */
const noColors = (selectors) => [
  "error",
  ...selectors.map((selector) => ({ selector, message: "A colour is a token of style/tokens.css." })),
];

export default defineConfig([
  {
    files: ["**/*.{js,mjs}"],
    extends: [js.configs.recommended],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      // Names of files and notes come from outside: text is set as text.
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "Make elements with element().",
        })),
      ],
      "no-restricted-syntax": noColors(
        [`/${HEX}/i`, String.raw`/\b${FUNCTIONS}\(/i`, `/^(?:${NAMES})$/i`].flatMap((color) => [
          `Literal[value=${color}]`,
          `TemplateElement[value.raw=${color}]`,
        ]),
      ),
    },
  },
  { files: ["**/*.js"], ignores: ["tests/**"], languageOptions: { globals: globals.browser } },
  { files: ["tests/**/*.js", "*.mjs"], languageOptions: { globals: globals.node } },
  // What a test evaluates on the page runs in the browser.
  { files: ["tests/e2e/**/*.js"], languageOptions: { globals: globals.browser } },
  {
    files: ["**/*.css"],
    plugins: { css },
    language: "css/css",
    extends: ["css/recommended"],
    rules: {
      // Tokens stand in a file of their own.
      "css/no-invalid-properties": ["error", { allowUnknownVariables: true }],
      // Without these two the page is as usable.
      "css/use-baseline": ["error", { available: "newly", allowProperties: ["accent-color", "resize"] }],
    },
  },
  {
    files: ["**/*.css"],
    ignores: ["style/tokens.css"],
    rules: {
      "no-restricted-syntax": noColors([
        "Declaration Hash",
        `Declaration Function[name=/^${FUNCTIONS}$/i]`,
        `Declaration Identifier[name=/^(?:${NAMES})$/i]`,
        "Declaration[property=/^--/]",
      ]),
    },
  },
]);
