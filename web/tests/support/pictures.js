/** Moving pictures without cameras: a canvas per person, drawn once a second. */

const COLOURS = ["#41607a", "#6b5b4b", "#4f6b58", "#6a4f66", "#4b5f6b", "#75603f", "#3f6470", "#5d5077"];

/** @param {number} number @returns {MediaStreamTrack} */
export function portrait(number) {
  return drawn((context, { width, height }) => {
    const colour = COLOURS[number % COLOURS.length] ?? "#41607a";
    context.fillStyle = colour;
    context.fillRect(0, 0, width, height);
    context.fillStyle = "rgb(255 255 255 / 14%)";
    context.fillRect(0, height * 0.72, width, height * 0.28);
    context.fillStyle = "#c89f7f";
    circle(context, width / 2, height * 0.4, height * 0.17);
    context.fillStyle = "#20303a";
    context.beginPath();
    context.ellipse(width / 2, height * 0.98, width * 0.2, height * 0.4, 0, Math.PI, 0);
    context.fill();
  });
}

/** @returns {MediaStreamTrack} */
export function slide() {
  return drawn((context, { width, height }) => {
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, width, height);
    context.fillStyle = "#0f4c5c";
    context.fillRect(0, 0, width, height * 0.16);
    [62, 48, 71, 55].forEach((value, index) =>
      context.fillRect(
        width * (0.12 + index * 0.2),
        height * (0.9 - value / 120),
        width * 0.12,
        (height * value) / 120,
      ),
    );
  });
}

/** @param {(context: CanvasRenderingContext2D, size: {width: number, height: number}) => void} paint @returns {MediaStreamTrack} */
function drawn(paint) {
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 360;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  paint(context, canvas);
  const [track] = canvas.captureStream(2).getVideoTracks();
  const timer = setInterval(() => (track?.readyState === "live" ? paint(context, canvas) : clearInterval(timer)), 500);
  return /** @type {MediaStreamTrack} */ (track);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius */
function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
