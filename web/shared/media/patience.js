/** How long pictures wait in the receiver's buffer: as long as voices do, and where packets get lost, until they have come again. */

/** @typedef {Record<string, any> & {type: string}} Entry an `RTCStats` dictionary */
/** @typedef {{packets: number, asked: number}} Received by all pictures so far: packets, and of those asked for again */

// What a voice spends in the receiver's buffer and the sound card at the very least. Browsers leave differences under
// 30 ms alone and mend larger ones over many seconds; a picture that waits as long keeps lips together from the start.
export const PICTURE_DELAY_MS = 60;
// A packet is missed when the next picture comes, asked for, and sent again: 33 + 40 ms and more on either of two links,
// 50 ms later where that is lost too, and again 50 ms later. The browser shows a picture 30 ms before the time it is told.
// Pictures that come too late are skipped, and so are those built on them.
export const REPAIR_DELAY_MS = 250;
// Losses that cost less than a picture in a hundred are no reason to be later than others.
const LOSSY = 0.01;
// A single packet is no share.
const LEAST = 3;
// Pictures slow down for a moment at each change, and paths that lose packets go on to do so.
const STAYS_MS = 60_000;
// Soon enough for a new viewer, and reading the figures of nine pictures costs a phone little every two seconds.
const EVERY_MS = 2_000;

/** @param {Iterable<Entry>} report @returns {Received} */
export function received(report) {
  const sum = { packets: 0, asked: 0 };
  for (const entry of report) {
    if (entry.type !== "inbound-rtp" || entry.kind !== "video") continue;
    sum.packets += entry.packetsReceived ?? 0;
    sum.asked += entry.nackCount ?? 0;
  }
  return sum;
}

/** Decides by what is counted; knows no clock. */
export class Patience {
  /** @type {Received} */
  #before = { packets: 0, asked: 0 };
  #lossyUntil = -Infinity;

  /** How long pictures wait from now on, in ms. @param {Received} counted @param {number} now in ms */
  delay(counted, now) {
    const asked = counted.asked - this.#before.asked;
    const packets = counted.packets - this.#before.packets;
    this.#before = counted;
    if (asked >= LEAST && asked > LOSSY * packets) this.#lossyUntil = now + STAYS_MS;
    return now < this.#lossyUntil ? REPAIR_DELAY_MS : PICTURE_DELAY_MS;
  }
}

/** Lets the pictures that this connection receives wait as they must, from now on. Returns what ends that. @param {RTCPeerConnection} pc */
export function waitForRepairs(pc) {
  const patience = new Patience();
  const look = async () => {
    const report = await pc.getStats();
    const delay = patience.delay(received(report.values()), performance.now());
    for (const { receiver } of pc.getTransceivers()) {
      if (receiver.track.kind === "video") waitFor(receiver, delay);
    }
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  return () => clearInterval(timer);
}

/** @param {RTCRtpReceiver} receiver @param {number} delay in ms */
export function waitFor(receiver, delay) {
  if ("jitterBufferTarget" in receiver && receiver.jitterBufferTarget !== delay) receiver.jitterBufferTarget = delay;
}
