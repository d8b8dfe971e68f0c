/** A line over the last two minutes with its latest and its largest value. */
import { LitElement, html, css, svg } from "lit";
import { base } from "../tokens.css.js";

const WIDTH = 240;
const HEIGHT = 48;
// A line of a constant value shall not touch the frame.
const HEADROOM = 1.1;

export class DebugPlot extends LitElement {
  static properties = { name: {}, unit: {}, values: { attribute: false }, least: { type: Number } };

  constructor() {
    super();
    this.name = "";
    this.unit = "";
    /** @type {readonly number[]} oldest first */
    this.values = [];
    /** The least full scale: noise on a still link must not look like a storm. */
    this.least = 1;
  }

  render() {
    const latest = this.#say(this.values.at(-1) ?? 0);
    const most = this.#say(Math.max(0, ...this.values));
    return html`<figure>
      <figcaption><span>${this.name}</span><b>${latest}</b></figcaption>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
        aria-label="${this.name}: ${latest}, ${most}">${this.#line()}</svg>
      <span class="most">max ${most}</span>
    </figure>`;
  }

  #line() {
    const scale = Math.max(this.least, ...this.values) * HEADROOM;
    const step = WIDTH / 59;
    // The newest at the right edge, whatever the number of values.
    const left = WIDTH - step * (this.values.length - 1);
    const points = this.values.map(
      (value, at) => `${(left + at * step).toFixed(1)},${(HEIGHT - (value / scale) * HEIGHT).toFixed(1)}`,
    );
    return svg`<polyline points=${points.join(" ")} />`;
  }

  /** @param {number} value */
  #say(value) {
    return `${value >= 10 ? Math.round(value) : Math.round(value * 10) / 10} ${this.unit}`;
  }

  static styles = [
    base,
    css`
    figure { display: grid; gap: 0.125rem; }
    figcaption { display: flex; justify-content: space-between; gap: var(--space-2); font-size: var(--text-xs); }
    svg { width: 100%; height: 3rem; background: var(--surface-raised); border-radius: 0.25rem; }
    polyline { fill: none; stroke: var(--accent); stroke-width: 2; vector-effect: non-scaling-stroke; }
    .most { font-size: var(--text-xs); color: var(--ink-quiet); text-align: end; }
  `,
  ];
}
customElements.define("debug-plot", DebugPlot);
