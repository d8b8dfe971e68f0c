/** The page's one sound: an audio element that the join tap unlocks and that is used for ever after. */

const CHECK_MS = 1_000;
// A phone call or another app takes the sound for a moment and gives it back; after this a person has to help.
const SILENT_MS = 3_000;

/**
 * Phones let an element play only after a tap on the page, and a new element needs a new tap; so there is one.
 * Emits "blocked" and "playing".
 */
export class AudioOut extends EventTarget {
  constructor() {
    super();
    this.element = new Audio();
    this.element.autoplay = true;
    this.element.setAttribute("playsinline", "");
    this.blocked = false;
    /** Where the element stood when it was last seen to move, and when. */
    this.position = 0;
    this.movedAt = performance.now();
    this.element.addEventListener("playing", () => this.#moved());
    // Nobody here pauses it: the system has, and often lets it go on at once.
    this.element.addEventListener("pause", () => void this.check());
    setInterval(() => void this.check(), CHECK_MS);
  }

  /** Call it inside the tap: the permission to play lasts only as long as the event. */
  unlock() {
    this.element.srcObject ??= new MediaStream();
    // Nothing to play yet, so this settles later or never: the call itself is what the browser wants to see.
    this.element.play().catch(() => {});
  }

  /** Play these tracks and no others. @param {MediaStreamTrack[]} tracks */
  play(tracks) {
    this.element.srcObject = new MediaStream(tracks);
    this.#moved();
    return this.#start();
  }

  /** From a tap: whatever stopped the sound, begin anew. */
  resume() {
    // The same element keeps its permission; a fresh stream gets an output that the system has taken away.
    return this.play(this.#tracks());
  }

  /** Play on where the system has stopped it; say so where that does not help. */
  async check() {
    if (this.#tracks().length === 0) return;
    if (this.element.paused) await this.#start();
    if (!this.element.paused && this.element.currentTime !== this.position) this.#moved();
    // In the background timers are late and nobody could tap: it is judged when the page is seen again.
    else if (document.visibilityState !== "visible") this.movedAt = performance.now();
    else if (performance.now() - this.movedAt > SILENT_MS) this.#set(true);
  }

  #tracks() {
    const stream = this.element.srcObject;
    return stream instanceof MediaStream ? stream.getTracks() : [];
  }

  async #start() {
    try {
      await this.element.play();
    } catch (error) {
      // AbortError: another `play` has replaced this one, which says nothing about permission.
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#set(true);
    }
  }

  #moved() {
    this.position = this.element.currentTime;
    this.movedAt = performance.now();
    if (!this.element.paused) this.#set(false);
  }

  /** @param {boolean} blocked */
  #set(blocked) {
    if (this.blocked === blocked) return;
    this.blocked = blocked;
    this.dispatchEvent(new Event(blocked ? "blocked" : "playing"));
  }
}
