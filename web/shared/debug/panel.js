/** `?debug`: how the media of this page really are, in a panel beside it, and the call report to send to support. */
import { LitElement, html, css, nothing } from "lit";
import { icon } from "../icons.js";
import { t } from "../texts.js";
import { base } from "../tokens.css.js";
import "./plot.js";
import { summary } from "./recorder.js";
import { incomingTable, outgoingTable, pathList } from "./tables.js";

/** @import { Recorder } from "./recorder.js" */

/** Series of the plots: name, unit, factor to that unit, least full scale. @type {[string, string, number, number][]} */
const PLOTS = [
  ["downKbps", "kbps", 1, 100],
  ["upKbps", "kbps", 1, 100],
  ["downLoss", "%", 100, 5],
  ["upLoss", "%", 100, 5],
  ["rttMs", "ms", 1, 50],
  ["bufferMs", "ms", 1, 100],
];

export class RoomDebug extends LitElement {
  static properties = { open: { type: Boolean, reflect: true } };

  constructor() {
    super();
    this.open = false;
    /** @type {Recorder | null} */
    this.recorder = null;
    /** Whose slot this is. @type {(mid: string) => string} */
    this.nameOf = (mid) => mid;
  }

  /** @param {Recorder} recorder @param {(mid: string) => string} nameOf */
  watch(recorder, nameOf) {
    this.recorder = recorder;
    this.nameOf = nameOf;
    recorder.addEventListener("change", () => this.requestUpdate());
    recorder.start();
    this.requestUpdate();
  }

  render() {
    const label = t(this.open ? "debug-close" : "debug-open");
    return html`<button class="button toggle" aria-expanded=${this.open} aria-label=${label} title=${label}
        @click=${() => (this.open = !this.open)}>${icon(this.open ? "close" : "pulse")}</button>
      ${this.open && this.recorder ? this.#panel(this.recorder) : nothing}`;
  }

  /** @param {Recorder} recorder */
  #panel(recorder) {
    const latest = recorder.history.at(-1);
    return html`<aside aria-label=${t("debug-heading")}>
      <h2>${t("debug-heading")}</h2>
      ${this.#findings(recorder)}
      ${pathList(latest, recorder.source.state())}
      <div class="plots">${this.#plots(recorder)}</div>
      <h3>${t("debug-in")}</h3>
      ${latest ? incomingTable(latest, this.nameOf) : html`<p class="quiet">${t("debug-soon")}</p>`}
      <h3>${t("debug-out")}</h3>
      ${latest ? outgoingTable(latest) : nothing}
      <h3>${t("debug-report")}</h3>
      <p class="small">${t("debug-report-text")}</p>
      <button class="button" @click=${() => this.#save(recorder)}>${t("debug-report-save")}</button>
    </aside>`;
  }

  /** @param {Recorder} recorder */
  #findings({ findings, history }) {
    if (history.length === 0 && findings.length === 0) return html`<p class="finding">${t("debug-soon")}</p>`;
    if (findings.length === 0) return html`<p class="finding good">${icon("check")}${t("debug-fine")}</p>`;
    return html`<ul>${findings.map(
      ({ code, values }) =>
        html`<li class="finding bad">${icon("warning")}<span>${t(`debug-finding-${code}`, values)}</span></li>`,
    )}</ul>`;
  }

  /** @param {Recorder} recorder */
  #plots({ history }) {
    const series = history.map((figures) => /** @type {Record<string, number>} */ (summary(figures)));
    return PLOTS.map(
      ([name, unit, factor, least]) => html`<debug-plot .name=${t(`debug-plot-${name}`)} .unit=${unit} .least=${least}
        .values=${series.map((values) => (values[name] ?? 0) * factor)}></debug-plot>`,
    );
  }

  /** @param {Recorder} recorder */
  #save(recorder) {
    const text = JSON.stringify(recorder.report(), null, 2);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `call-report-${new Date().toISOString().replace(/[:.]/g, "-")}.json`;
    link.click();
    // The browser has taken the file by the time a click has been handled.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  static styles = [
    base,
    css`
    :host { display: contents; }
    .toggle {
      position: fixed; z-index: 40; inset-block-start: 38%; inset-inline-start: 0; padding: 0;
      border-start-start-radius: 0; border-end-start-radius: 0;
    }
    :host([open]) .toggle { inset-inline: auto 0; inset-block-start: 0; border-radius: 0 0 0 var(--radius); z-index: 42; }
    aside {
      position: fixed; z-index: 41; inset-block: 0; inset-inline-end: 0; width: min(36rem, 100%); overflow: auto;
      padding: var(--space-4); display: grid; align-content: start;
      grid-auto-rows: max-content; gap: var(--space-3);
      background: var(--paper); border-inline-start: 1px solid var(--line); box-shadow: var(--shadow);
    }
    /* What scrolls goes under the heading, beside which the button to close is. */
    aside h2 {
      position: sticky; z-index: 1; inset-block-start: calc(-1 * var(--space-4)); margin: calc(-1 * var(--space-4));
      margin-block-end: 0; padding: var(--space-3) var(--space-7) var(--space-2) var(--space-4); background: var(--paper);
    }
    ul { display: grid; gap: var(--space-2); }
    .finding { display: flex; gap: var(--space-2); padding: var(--space-2) var(--space-3); border-radius: var(--radius); }
    .finding.good { background: var(--good-wash); color: var(--good-ink); }
    .finding.bad { background: var(--warn-wash); color: var(--warn-ink); }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 0.125rem var(--space-3); font-size: var(--text-s); }
    dt { color: var(--ink-quiet); }
    dd { overflow-wrap: anywhere; }
    .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: var(--space-3); }
    .scrolls { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-size: var(--text-xs); font-variant-numeric: tabular-nums; }
    th, td { padding: 0.25rem 0.5rem; text-align: start; white-space: nowrap; border-bottom: 1px solid var(--line); }
    th { color: var(--ink-quiet); font-weight: 550; }
  `,
  ];
}
customElements.define("room-debug", RoomDebug);
