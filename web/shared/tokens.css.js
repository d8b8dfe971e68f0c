/** The visual language: every colour, size and distance that the pages use, in both colour schemes. */
import { css } from "lit";

/**
 * Component base: box sizing, focus, controls. The custom properties live on `:root` in page.css so that every
 * shadow tree inherits one set. Text/background pairs are at least 4.5:1, marks and borders of controls 3:1.
 */
export const base = css`
  *, *::before, *::after { box-sizing: border-box; }
  :host { display: block; }
  :host([hidden]), [hidden] { display: none !important; }
  h1, h2, h3, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
  ul, ol { list-style: none; }
  h1 { font-size: var(--text-xl); line-height: 1.2; font-weight: 650; letter-spacing: -0.01em; text-wrap: balance; }
  h2 { font-size: var(--text-m); line-height: 1.3; font-weight: 650; }
  h3 { font-size: var(--text-s); line-height: 1.3; font-weight: 650; }
  a { color: var(--accent); text-underline-offset: 0.15em; }
  button, input, select { font: inherit; color: inherit; }
  :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
  svg { width: 1.25em; height: 1.25em; flex: none; }

  .button {
    display: inline-flex; align-items: center; justify-content: center; gap: var(--space-2);
    min-height: var(--target); min-width: var(--target); padding: var(--space-2) var(--space-4);
    border: 1px solid var(--line-strong); border-radius: var(--radius);
    background: var(--surface); color: var(--ink); font-weight: 550; line-height: 1.25; text-align: center;
    text-decoration: none; cursor: pointer; overflow-wrap: anywhere;
  }
  .button:hover { background: var(--surface-raised); }
  .button[disabled], .button[aria-disabled="true"] { color: var(--ink-quiet); cursor: not-allowed; }
  .button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
  .button.primary:hover { background: var(--accent-strong); border-color: var(--accent-strong); }
  .button.primary[disabled] { background: var(--surface-raised); border-color: var(--line); color: var(--ink-quiet); }
  .button.danger { background: var(--danger); border-color: var(--danger); color: var(--on-danger); }
  .button.danger-quiet { color: var(--danger-ink); }
  .button.plain { border-color: transparent; background: transparent; }
  .button.plain:hover { background: var(--surface-raised); }
  .button.large { min-height: 3.25rem; padding-inline: var(--space-6); font-size: var(--text-m); }
  .quiet { color: var(--ink-quiet); }
  .small { font-size: var(--text-s); }
  .visually-hidden {
    position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%);
    white-space: nowrap;
  }
  .row { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-2); }
  .error {
    display: flex; gap: var(--space-2); padding: var(--space-3); border-radius: var(--radius);
    background: var(--danger-wash); color: var(--danger-ink);
  }
  @media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { animation: none !important; transition: none !important; scroll-behavior: auto !important; }
  }
  @media (forced-colors: active) {
    .button { border-color: ButtonText; }
  }
`;

/** Labelled text fields. */
export const fields = css`
  label { display: block; font-weight: 550; margin-bottom: var(--space-1); }
  .hint { display: block; font-weight: 400; color: var(--ink-quiet); font-size: var(--text-s); }
  input:not([type="checkbox"], [type="radio"]), select {
    display: block; width: 100%; min-height: var(--target); padding: var(--space-2) var(--space-3);
    border: 1px solid var(--line-strong); border-radius: var(--radius); background: var(--field); color: var(--ink);
  }
  .field + .field, .field + .button, .field + .row { margin-top: var(--space-4); }
`;
