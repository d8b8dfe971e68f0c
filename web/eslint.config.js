import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: { ...globals.browser } },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-shadow": "error",
      "no-else-return": "error",
      "object-shorthand": "error",
      "prefer-template": "error",
      // The type checker sees unused names in types that this rule cannot.
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "none" }],
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 70, skipBlankLines: true, skipComments: true }],
      // Both would need 'unsafe-inline' in the content security policy.
      "no-restricted-imports": [
        "error",
        {
          paths: [
            {
              name: "lit/directives/style-map.js",
              message: "sets an inline style attribute; set a custom property in updated()",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["tests/**"],
    languageOptions: { globals: { ...globals.node } },
    rules: { "no-console": "off", "max-lines-per-function": "off" },
  },
];
