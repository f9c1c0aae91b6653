// The recipe by which the network's pictures are made: the short side to `shorter` pixels, bicubic with antialiasing, then
// the middle `size` x `size`. A canvas scales by a rule of its own, so the arithmetic is here, and it is Pillow's to the
// last bit: weights in 22 binary places, eight bits between the two passes, across before down. (From version 13 on Pillow
// takes pictures more than twice as tall as wide down before across; those differ by what is rounded in between.)

const BITS = 2 ** 22;
export const MOST_PIXELS = 50_000_000;

/** Catmull-Rom: the cubic with a = -1/2. */
function cubic(x) {
  const a = -0.5;
  x = Math.abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** For each output position from `first` on: where its weights begin in the input, and the weights. */
export function weights(inputs, outputs, first, count) {
  const scale = inputs / outputs, stretch = Math.max(scale, 1), reach = 2 * stretch;
  return Array.from({ length: count }, (_, i) => {
    const centre = (first + i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - reach + 0.5));
    const to = Math.min(inputs, Math.trunc(centre + reach + 0.5));
    const raw = Float64Array.from({ length: to - from }, (_, k) => cubic((from + k - centre + 0.5) * (1 / stretch)));
    const sum = raw.reduce((total, value) => total + value, 0);
    const whole = raw.map((value) => Math.trunc((value < 0 ? -0.5 : 0.5) + (value / sum) * BITS));
    return { from, whole };
  });
}

const toByte = (sum) => Math.max(0, Math.min(255, Math.floor((sum + BITS / 2) / BITS)));

/** Halves go to the even neighbour, as Python rounds. */
function evenRound(x) {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2) : Math.round(x);
}

/** Where the middle lies: size of the scaled picture, and its left and top edge. */
export function layout(width, height, shorter, size) {
  const upright = width <= height;
  const w = upright ? shorter : Math.floor((shorter * width) / height);
  const h = upright ? Math.floor((shorter * height) / width) : shorter;
  return { w, h, left: evenRound((w - size) / 2), top: evenRound((h - size) / 2) };
}

/**
 * The middle of a picture as bytes, red, green and blue in turn, row by row.
 *
 * `rows(from, count)` gives RGBA bytes of whole rows of the picture; it is asked for strips, so that a large photograph
 * never lies in memory whole.
 */
export function resample(rows, width, height, shorter, size) {
  const { w, h, left, top } = layout(width, height, shorter, size);
  const across = weights(width, w, left, size), down = weights(height, h, top, size);
  const first = down[0].from, last = down[size - 1].from + down[size - 1].whole.length;
  const narrow = new Uint8Array((last - first) * size * 3);
  const strip = Math.max(1, Math.min(256, Math.floor(4_000_000 / width)));
  for (let y = first; y < last; y += strip) {
    const count = Math.min(strip, last - y), pixels = rows(y, count);
    for (let row = 0; row < count; row++) {
      let out = (y - first + row) * size * 3;
      for (const { from, whole } of across) {
        let at = (row * width + from) * 4, red = 0, green = 0, blue = 0;
        for (const weight of whole) {
          red += weight * pixels[at];
          green += weight * pixels[at + 1];
          blue += weight * pixels[at + 2];
          at += 4;
        }
        narrow[out++] = toByte(red);
        narrow[out++] = toByte(green);
        narrow[out++] = toByte(blue);
      }
    }
  }
  const result = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    const { from, whole } = down[y];
    for (let x = 0; x < size * 3; x++) {
      let sum = 0, at = (from - first) * size * 3 + x;
      for (const weight of whole) {
        sum += weight * narrow[at];
        at += size * 3;
      }
      result[y * size * 3 + x] = toByte(sum);
    }
  }
  return result;
}

/** Reads strips of an ImageBitmap, on white where it is transparent. */
export function stripsOf(bitmap) {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return (from, count) => {
    canvas.width = bitmap.width;
    canvas.height = count;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, bitmap.width, count);
    context.drawImage(bitmap, 0, from, bitmap.width, count, 0, 0, bitmap.width, count);
    return context.getImageData(0, 0, bitmap.width, count).data;
  };
}
