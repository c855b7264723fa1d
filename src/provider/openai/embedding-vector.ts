/** A vector as servers send it: base64 of little-endian float32, or a list of numbers where they do not know base64. */
export type WireVector = string | readonly number[];

/** The vector with length 1; a vector of zeros stays one. */
export const toVector = (wire: WireVector): Float32Array => {
  const vector = typeof wire === 'string' ? fromBase64(wire) : Float32Array.from(wire);
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares);
  return length === 0 ? vector : vector.map((value) => value / length);
};

const fromBase64 = (text: string): Float32Array => {
  const bytes = Buffer.from(text, 'base64');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength >> 2 }, (_, index) => view.getFloat32(index * 4, true));
};
