/**
 * Distances by SIMD. One side is the origin: the query, or a row (when links are chosen). The other side is a batch of row
 * numbers, measured four at a time, so that the origin is read once for four rows.
 */
import { codeLimit, nodeScale, nodeSquare, queryCodeLimit } from './layout';
import { integerSumOf, integerSumsOf, sumOf, sumsOf } from './lanes';
import {
  codes,
  dimensions,
  floatsOf,
  hasOriginals,
  isEuclidean,
  isInt8,
  nodeOf,
  query,
  vectorOf,
  vectorOffset,
} from './state';

/** Floats of the origin, or with int8 its codes as 16-bit numbers. */
let origin: usize = 0;
/** What a code of the origin stands for, and the squared length of all of them. */
let originScale: f32 = 0;
let originSquare: f32 = 0;

function dotOfFloats(a: usize, b: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end = a + ((<usize>dimensions) << 2);
  while (a < end) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)));
    a += 64;
    b += 64;
  }
  return sumOf(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

function squareOfDifference(a: usize, b: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  const end = a + ((<usize>dimensions) << 2);
  while (a < end) {
    const d0 = f32x4.sub(v128.load(a), v128.load(b));
    const d1 = f32x4.sub(v128.load(a, 16), v128.load(b, 16));
    s0 = f32x4.add(s0, f32x4.mul(d0, d0));
    s1 = f32x4.add(s1, f32x4.mul(d1, d1));
    a += 32;
    b += 32;
  }
  return sumOf(f32x4.add(s0, s1));
}

/** Negative dot products of one vector with four. */
function dotsOfFloats(o: usize, a: usize, b: usize, c: usize, d: usize): v128 {
  const end = o + ((<usize>dimensions) << 2);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  while (o < end) {
    const x = v128.load(o);
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(a)));
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(b)));
    s2 = f32x4.add(s2, f32x4.mul(x, v128.load(c)));
    s3 = f32x4.add(s3, f32x4.mul(x, v128.load(d)));
    const y = v128.load(o, 16);
    s0 = f32x4.add(s0, f32x4.mul(y, v128.load(a, 16)));
    s1 = f32x4.add(s1, f32x4.mul(y, v128.load(b, 16)));
    s2 = f32x4.add(s2, f32x4.mul(y, v128.load(c, 16)));
    s3 = f32x4.add(s3, f32x4.mul(y, v128.load(d, 16)));
    o += 32;
    a += 32;
    b += 32;
    c += 32;
    d += 32;
  }
  return f32x4.neg(sumsOf(s0, s1, s2, s3));
}

/** Squared distances of one vector to four. */
function squaresOfFloats(o: usize, a: usize, b: usize, c: usize, d: usize): v128 {
  const end = o + ((<usize>dimensions) << 2);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  while (o < end) {
    const x = v128.load(o);
    const dA = f32x4.sub(x, v128.load(a));
    const dB = f32x4.sub(x, v128.load(b));
    const dC = f32x4.sub(x, v128.load(c));
    const dD = f32x4.sub(x, v128.load(d));
    s0 = f32x4.add(s0, f32x4.mul(dA, dA));
    s1 = f32x4.add(s1, f32x4.mul(dB, dB));
    s2 = f32x4.add(s2, f32x4.mul(dC, dC));
    s3 = f32x4.add(s3, f32x4.mul(dD, dD));
    o += 16;
    a += 16;
    b += 16;
    c += 16;
    d += 16;
  }
  return sumsOf(s0, s1, s2, s3);
}

/** Products of the origin's 16-bit codes with the 8-bit codes of one row. */
function dotOfCodes(a: usize): i32 {
  let o = origin;
  const end = a + <usize>dimensions;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  while (a < end) {
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(o), v128.load_ext<i8>(a)));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(o, 16), v128.load_ext<i8>(a, 8)));
    o += 32;
    a += 16;
  }
  return integerSumOf(i32x4.add(s0, s1));
}

/** The same with those of four rows. */
function dotsOfCodes(a: usize, b: usize, c: usize, d: usize): v128 {
  let o = origin;
  const end = a + <usize>dimensions;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  while (a < end) {
    const x = v128.load(o);
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(x, v128.load_ext<i8>(a)));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(x, v128.load_ext<i8>(b)));
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(x, v128.load_ext<i8>(c)));
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(x, v128.load_ext<i8>(d)));
    const y = v128.load(o, 16);
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(y, v128.load_ext<i8>(a, 8)));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(y, v128.load_ext<i8>(b, 8)));
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(y, v128.load_ext<i8>(c, 8)));
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(y, v128.load_ext<i8>(d, 8)));
    o += 32;
    a += 16;
    b += 16;
    c += 16;
    d += 16;
  }
  return integerSumsOf(s0, s1, s2, s3);
}

/** A field of four nodes, as one vector. */
function gather(a: usize, b: usize, c: usize, d: usize): v128 {
  let v = v128.load32_zero(a);
  v = v128.load_lane<f32>(b, v, 1);
  v = v128.load_lane<f32>(c, v, 2);
  return v128.load_lane<f32>(d, v, 3);
}

function measureFourCodes(a: usize, b: usize, c: usize, d: usize): v128 {
  const products = dotsOfCodes(a + vectorOffset, b + vectorOffset, c + vectorOffset, d + vectorOffset);
  const scales = gather(a + nodeScale, b + nodeScale, c + nodeScale, d + nodeScale);
  const dots = f32x4.mul(f32x4.convert_i32x4_s(products), f32x4.mul(scales, f32x4.splat(originScale)));
  if (!isEuclidean) return f32x4.neg(dots);
  const squares = gather(a + nodeSquare, b + nodeSquare, c + nodeSquare, d + nodeSquare);
  const sums = f32x4.add(squares, f32x4.splat(originSquare));
  return f32x4.max(f32x4.splat(0), f32x4.sub(sums, f32x4.add(dots, dots)));
}

/** Distances of the origin to four nodes. */
function measureFour(a: usize, b: usize, c: usize, d: usize): v128 {
  if (isInt8) return measureFourCodes(a, b, c, d);
  const at = vectorOffset;
  return exactDistances(origin, a + at, b + at, c + at, d + at);
}

/** The distance of the origin to a row. */
export function measure(row: u32): f32 {
  const node = nodeOf(row);
  if (!isInt8) {
    return isEuclidean ? squareOfDifference(origin, node + vectorOffset) : -dotOfFloats(origin, node + vectorOffset);
  }
  const dot = <f32>dotOfCodes(node + vectorOffset) * (load<f32>(node, nodeScale) * originScale);
  if (!isEuclidean) return -dot;
  return max<f32>(0, load<f32>(node, nodeSquare) + originSquare - (dot + dot));
}

/** Puts the distances of the origin to `count` rows at `out`, where there is room for a multiple of four. */
export function measureAll(rows: usize, count: u32, out: usize): void {
  let i: u32 = 0;
  // The last three are measured as four, too: that takes no longer than one by one.
  for (; i + 2 < count; i += 4) {
    const at = rows + ((<usize>i) << 2);
    const a = nodeOf(load<u32>(at));
    const b = nodeOf(load<u32>(at, 4));
    const c = nodeOf(load<u32>(at, 8));
    const d = i + 3 < count ? nodeOf(load<u32>(at, 12)) : c;
    v128.store(out + ((<usize>i) << 2), measureFour(a, b, c, d));
  }
  for (; i < count; i++) {
    store<f32>(out + ((<usize>i) << 2), measure(load<u32>(rows + ((<usize>i) << 2))));
  }
}

/** The largest magnitude in a vector of floats. */
function largestOf(floats: usize): f32 {
  let largest = f32x4.splat(0);
  for (let i: u32 = 0; i < dimensions; i += 4) {
    largest = f32x4.max(largest, f32x4.abs(v128.load(floats + ((<usize>i) << 2))));
  }
  const a = max<f32>(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1));
  const b = max<f32>(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3));
  return max<f32>(a, b);
}

/** Makes the vector in the query's place the origin. */
export function originIsQuery(): void {
  if (!isInt8) {
    origin = query;
    return;
  }
  const largest = largestOf(query);
  const factor: f32 = largest > 0 ? <f32>queryCodeLimit / largest : 0;
  const factors = f32x4.splat(factor);
  let squares = f32x4.splat(0);
  for (let i: u32 = 0; i < dimensions; i += 8) {
    const at = query + ((<usize>i) << 2);
    const low = f32x4.nearest(f32x4.mul(v128.load(at), factors));
    const high = f32x4.nearest(f32x4.mul(v128.load(at, 16), factors));
    squares = f32x4.add(squares, f32x4.add(f32x4.mul(low, low), f32x4.mul(high, high)));
    const narrow = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(low), i32x4.trunc_sat_f32x4_s(high));
    v128.store(codes + ((<usize>i) << 1), narrow);
  }
  origin = codes;
  originScale = largest / <f32>queryCodeLimit;
  originSquare = sumOf(squares) * originScale * originScale;
}

/** Makes a row the origin. */
export function originIsRow(row: u32): void {
  const vector = vectorOf(row);
  if (!isInt8) {
    origin = vector;
    return;
  }
  for (let i: u32 = 0; i < dimensions; i += 8) {
    v128.store(codes + ((<usize>i) << 1), v128.load_ext<i8>(vector + i));
  }
  const node = nodeOf(row);
  origin = codes;
  originScale = load<f32>(node, nodeScale);
  originSquare = load<f32>(node, nodeSquare);
}

/** Writes the vector in the query's place into a row. */
export function writeVector(row: u32): void {
  if (!isInt8 || hasOriginals) memory.copy(floatsOf(row), query, (<usize>dimensions) << 2);
  if (!isInt8) return;
  const node = nodeOf(row);
  const largest = largestOf(query);
  const factor: f32 = largest > 0 ? <f32>codeLimit / largest : 0;
  let square: f32 = 0;
  for (let i: u32 = 0; i < dimensions; i++) {
    const code = nearest<f32>(load<f32>(query + ((<usize>i) << 2)) * factor);
    store<i8>(node + vectorOffset + i, <i8>code);
    square += code * code;
  }
  const scale = largest / <f32>codeLimit;
  store<f32>(node, scale, nodeScale);
  store<f32>(node, square * scale * scale, nodeSquare);
}

/** The exact distance of two vectors of floats. */
export function exactDistance(a: usize, b: usize): f32 {
  return isEuclidean ? squareOfDifference(a, b) : -dotOfFloats(a, b);
}

/** The exact distances of one vector to four others. */
export function exactDistances(o: usize, a: usize, b: usize, c: usize, d: usize): v128 {
  return isEuclidean ? squaresOfFloats(o, a, b, c, d) : dotsOfFloats(o, a, b, c, d);
}
