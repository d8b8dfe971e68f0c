/** The icons of all pages: 24 px, drawn in the text's colour. Decoration: the word beside it, or a label, tells. */
import { svg, html, nothing } from "lit";

/** @import { TemplateResult, SVGTemplateResult } from "lit" */

const SHAPES = {
  microphone: svg`<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5 11a7 7 0 0 0 14 0M12 18v3"/>`,
  "microphone-off": svg`<path d="M9 9v2a3 3 0 0 0 5 2.2M15 11V6a3 3 0 0 0-5.8-1M5 11a7 7 0 0 0 11.2 5.6M19 11c0 .8-.1 1.6-.4 2.3M12 18v3M4 4l16 16"/>`,
  camera: svg`<rect x="3" y="6.5" width="12" height="11" rx="2"/><path d="m15 11 6-3.5v9L15 13"/>`,
  "camera-off": svg`<path d="M7 6.500h6a2 2 0 0 1 2 2V13M15 16.500a2 2 0 0 1-1 1H5a2 2 0 0 1-2-2v-7c0-.8.400-1.400 1-1.700M15 11l6-3.500v9l-3-1.700M4 4l16 16"/>`,
  screen: svg`<rect x="3" y="4" width="18" height="12.500" rx="2"/><path d="M9 20.500h6M12 13.500v-6m-2.600 2.500L12 7.500l2.600 2.500"/>`,
  "screen-off": svg`<rect x="3" y="4" width="18" height="12.500" rx="2"/><path d="M9 20.500h6M9.500 8l5 5m0-5-5 5"/>`,
  hand: svg`<path d="M8 12.500V5.700a1.500 1.500 0 0 1 3 0V11m0-6.800a1.500 1.500 0 0 1 3 0V11m0-5.300a1.500 1.500 0 0 1 3 0v8.800c0 4-2.500 6.500-6 6.500-3 0-4.600-1.400-6-4.200l-2.300-4.300c-.9-1.700 1.300-2.900 2.300-1.400L8 14"/>`,
  leave: svg`<path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M4 12h11m-4-4 4 4-4 4"/>`,
  "leave-stage": svg`<path d="M4 20h16M12 4v11m-4.500-4.500L12 15l4.500-4.500"/>`,
  "go-on-stage": svg`<path d="M4 20h16M12 16V5M7.500 9.500 12 5l4.500 4.500"/>`,
  speaking: svg`<path d="M4 10v4M8 7v10M12 4v16M16 7v10M20 10v4"/>`,
  person: svg`<circle cx="12" cy="8" r="3.600"/><path d="M5 20c0-4 3-6.500 7-6.500s7 2.500 7 6.500"/>`,
  people: svg`<circle cx="9" cy="8" r="3.200"/><path d="M3 19.500c0-3.300 2.700-5.500 6-5.500s6 2.200 6 5.500M16 5.200a3.200 3.200 0 0 1 0 5.600M18 14.500c1.900.8 3 2.600 3 5"/>`,
  live: svg`<circle cx="12" cy="12" r="3.500" fill="currentColor" stroke="none"/><path d="M6.500 6.500a7.800 7.800 0 0 0 0 11M17.500 6.500a7.800 7.800 0 0 1 0 11"/>`,
  curtain: svg`<path d="M3 4h18M5 4v16c3-2 5.500-6.500 6-16M19 4v16c-3-2-5.500-6.500-6-16"/>`,
  clock: svg`<circle cx="12" cy="12" r="8.500"/><path d="M12 7v5.300l3.500 2"/>`,
  check: svg`<path d="m5 12.500 4.500 4.500L19 7.500"/>`,
  close: svg`<path d="M6 6l12 12M18 6 6 18"/>`,
  warning: svg`<path d="M12 4 2.800 19.500h18.400ZM12 10v4.500M12 17v.2"/>`,
  info: svg`<circle cx="12" cy="12" r="8.500"/><path d="M12 11v5M12 8v.2"/>`,
  pin: svg`<path d="M9 4h6l-1 6 3 3H7l3-3ZM12 13v7"/>`,
  link: svg`<path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.700-5.700L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.700 5.700L12 17"/>`,
  sound: svg`<path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500ZM15.500 9a4 4 0 0 1 0 6M18 6.500a7.700 7.700 0 0 1 0 11"/>`,
  pulse: svg`<path d="M3 12h4l2.500-7 4.500 14 2.500-7h4.500"/>`,
  reconnect: svg`<path d="M4.500 12a7.500 7.500 0 0 1 13-5L20 9.500M20 4.500v5h-5M19.500 12a7.500 7.500 0 0 1-13 5L4 14.500M4 19.500v-5h5"/>`,
  door: svg`<path d="M6 20V5a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v15M3.500 20h17M14.500 12v.2"/>`,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  copy: svg`<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2"/>`,
  key: svg`<circle cx="8" cy="15" r="4"/><path d="m11 12 8.500-8.500M16 7l3 3M13.500 9.500l2 2"/>`,
};

/** @typedef {keyof typeof SHAPES} IconName */

/** @param {IconName} name @returns {TemplateResult | typeof nothing} */
export function icon(name) {
  /** @type {SVGTemplateResult | undefined} */
  const shape = SHAPES[name];
  if (!shape) return nothing;
  return html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${shape}</svg>`;
}
