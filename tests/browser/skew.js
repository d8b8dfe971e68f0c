// Measures lip sync where a person would: when a flash is displayed, and when its beep leaves the sound card.
// (milliseconds) => skews in ms, positive where the sound is late.
(duration) => new Promise((resolve) => {
  const inside = (root, name) => root?.querySelector(name)?.shadowRoot;
  const stage = inside(inside(inside(document, "room-join"), "room-page"), "room-stage");
  const video = inside(stage, 'room-tile[data-seat="1"]').querySelector("video");
  const track = window.__tracks.find(({ kind, mid }) => kind === "audio" && mid === window.__room.slots.find((slot) => slot.kind === "audio" && slot.seat === 1).mid).track;
  const context = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
  const analyser = context.createScriptProcessor(256, 1, 1);
  const flashes = [];
  const beeps = [];
  let loud = false;
  let bright = false;
  analyser.onaudioprocess = (event) => {
    const samples = event.inputBuffer.getChannelData(0);
    const first = samples.findIndex((sample) => Math.abs(sample) > 0.1);
    if (first >= 0 && !loud) {
      // playbackTime is when the output of this block is played; its input is heard one block earlier elsewhere.
      const { contextTime, performanceTime } = context.getOutputTimestamp();
      beeps.push(performanceTime + (event.playbackTime + first / 48000 - contextTime) * 1000);
    }
    loud = first >= 0;
  };
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser).connect(context.destination);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 4;
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  const look = (_, shown) => {
    paint.drawImage(video, 0, 0, 4, 4);
    const now = paint.getImageData(1, 1, 1, 1).data[1] > 128;
    if (now && !bright) flashes.push(shown.expectedDisplayTime);
    bright = now;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  setTimeout(() => {
    void context.close();
    const nearest = (flash) => beeps.reduce((best, beep) => (Math.abs(beep - flash) < Math.abs(best - flash) ? beep : best), Infinity);
    resolve(flashes.map((flash) => nearest(flash) - flash).filter((skew) => Math.abs(skew) < 500));
  }, duration);
})
