/** What the linter asks of the page, its styles and its tests. Prettier lays them out. */

import css from "@eslint/css";
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import globals from "globals";

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
]);
