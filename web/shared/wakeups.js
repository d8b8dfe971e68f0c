/** Tells when a page can go on that could not: frozen by its browser, asleep with its machine, in the background. */

const TICK_MS = 2_000;
// A timer this late was not late by accident: the machine slept, or the page was frozen and nobody said so.
const GAP_MS = 5_000;

/** Emits "wake": whatever was known of the lines may be old by now. */
export class Wakeups extends EventTarget {
  constructor() {
    super();
    const wake = () => this.dispatchEvent(new Event("wake"));
    // Page Lifecycle; browsers without it say only that the page is visible again.
    document.addEventListener("resume", wake);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
    addEventListener("pageshow", (event) => event.persisted && wake());
    addEventListener("online", wake);
    let last = Date.now();
    setInterval(() => {
      const now = Date.now();
      if (now - last > TICK_MS + GAP_MS) wake();
      last = now;
    }, TICK_MS);
  }
}
