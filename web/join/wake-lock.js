/** Keeps a phone's screen on while its person is on stage: a locked phone loses the camera and often the sound. */

/** @type {Promise<WakeLockSentinel | null> | null} */
let lock = null;

/** @param {boolean} on */
export function keepAwake(on) {
  if (on && !lock && "wakeLock" in navigator && document.visibilityState === "visible") {
    // Refused on a low battery; being on stage goes on without it.
    lock = navigator.wakeLock.request("screen").catch(() => null);
    void lock.then((sentinel) => sentinel?.addEventListener("release", () => (lock = null)));
  } else if (!on && lock) {
    void lock.then((sentinel) => sentinel?.release());
    lock = null;
  }
}
