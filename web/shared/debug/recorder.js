/** Keeps what a connection's figures have been: the last minutes for plots, the whole time for a report. */
import { diagnose } from "./diagnosis.js";
import { figures } from "./figures.js";

/** @import { Finding } from "./diagnosis.js" */
/** @import { Figures, Report } from "./figures.js" */

// Losses are reported once a second; a browser spends a few milliseconds on each reading.
const EVERY_MS = 2_000;
// Two minutes: long enough to see a link get worse, short enough to be read off a plot.
const KEPT = 60;
// A report of an evening's town hall stays small enough to be mailed.
const MINUTES_KEPT = 300;
const HAPPENINGS_KEPT = 500;

/**
 * @typedef {object} Source what is looked at
 * @property {string} browser its own name for itself
 * @property {() => Promise<Report | null>} stats null while there is no connection
 * @property {() => string} state of the transport
 * @property {() => boolean} expectsMedia whether somebody on stage is to be seen or heard here
 */

/** Emits "change" after each reading. */
export class Recorder extends EventTarget {
  /** @param {Source} source */
  constructor(source) {
    super();
    this.source = source;
    /** @type {Figures[]} */
    this.history = [];
    /** @type {Finding[]} */
    this.findings = [];
    this.startedAt = Date.now();
    /** One entry a minute, the means of its figures. @type {Record<string, number>[]} */
    this.minutes = [];
    /** @type {{at: number, what: string}[]} */
    this.happenings = [];
    /** @type {Report | null} */
    this.before = null;
    this.state = "";
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  start() {
    this.timer ??= setInterval(() => void this.read(), EVERY_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  async read() {
    const report = await this.source.stats().catch(() => null);
    this.#notice();
    if (report && this.before) this.#keep(figures(this.before, report));
    this.before = report;
    const connected = this.source.state() === "connected";
    const before = this.findings.map((finding) => finding.code);
    this.findings = diagnose(this.history, { connected, expectsMedia: this.source.expectsMedia() });
    for (const { code } of this.findings) if (!before.includes(code)) this.note(`finding ${code}`);
    this.dispatchEvent(new Event("change"));
  }

  /** Something worth a line in the report. @param {string} what */
  note(what) {
    this.happenings.push({ at: Date.now(), what });
    this.happenings.splice(0, this.happenings.length - HAPPENINGS_KEPT);
  }

  /** Everything there is, for support: no names, no address but those of the path. */
  report() {
    const latest = this.history.at(-1) ?? null;
    return {
      started: new Date(this.startedAt).toISOString(),
      made: new Date().toISOString(),
      browser: this.source.browser,
      state: this.source.state(),
      findings: this.findings,
      latest,
      minutes: this.minutes,
      happenings: this.happenings.map(({ at, what }) => ({ at: new Date(at).toISOString(), what })),
    };
  }

  /** @param {Figures} latest */
  #keep(latest) {
    // A new connection counts from nothing again: its first difference says nothing.
    if (latest.incoming.some((slot) => slot.packets < 0)) return;
    this.history.push(latest);
    this.history.splice(0, this.history.length - KEPT);
    this.#summarise(latest);
  }

  /** @param {Figures} latest */
  #summarise(latest) {
    const minute = Math.floor(latest.at / 60_000) * 60_000;
    let last = this.minutes.at(-1);
    if (last?.at !== minute) {
      last = { at: minute, readings: 0 };
      this.minutes.push(last);
      this.minutes.splice(0, this.minutes.length - MINUTES_KEPT);
    }
    const n = last.readings ?? 0;
    for (const [name, value] of Object.entries(summary(latest))) {
      last[name] = Math.round((((last[name] ?? 0) * n + value) / (n + 1)) * 1000) / 1000;
    }
    last.readings = n + 1;
  }

  #notice() {
    const state = this.source.state();
    if (state !== this.state) this.note(`media ${state}`);
    this.state = state;
  }
}

/** One reading in a handful of numbers; the same names as the series of the plots. @param {Figures} latest */
export function summary({ down, up, path, incoming }) {
  return {
    downKbps: down.kbps,
    upKbps: up.kbps,
    downLoss: down.loss,
    upLoss: up.loss,
    rttMs: path?.rttMs ?? 0,
    bufferMs: Math.max(0, ...incoming.map((slot) => slot.bufferMs)),
    fps: Math.max(0, ...incoming.map((slot) => slot.fps)),
    freezes: incoming.reduce((total, slot) => total + slot.freezes, 0),
  };
}
