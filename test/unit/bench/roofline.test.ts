import { expect, test } from 'vitest';
import { bandwidth, limitOf, type Machine } from '../../../bench/roofline.js';

const machine: Machine = {
  threads: 1,
  flops: { float32: 100, float64: 50 },
  streams: [
    { bytes: 1024, read: 200, scale: 180, add: 160 },
    { bytes: 4096, read: 100, scale: 90, add: 80 },
    { bytes: 65536, read: 20, scale: 18, add: 16 },
  ],
};

test('bandwidth is that of the working set, and between two measured ones in proportion to logarithms', () => {
  expect(bandwidth(machine.streams, 16, 'read')).toBe(200);
  expect(bandwidth(machine.streams, 4096, 'add')).toBe(80);
  expect(bandwidth(machine.streams, 2048, 'read')).toBeCloseTo(150);
  expect(bandwidth(machine.streams, 1 << 30, 'scale')).toBe(18);
  expect(bandwidth([], 1024, 'read')).toBeUndefined();
});

test('what takes longer limits: operations at the peak of their type, or bytes', () => {
  expect(limitOf({ flops: 1e6, read: 2048, written: 2048 }, machine)).toEqual({ time: 1e4, by: 'operations' });
  expect(limitOf({ flops: 1e6, precision: 'float64' }, machine)).toEqual({ time: 2e4, by: 'operations' });
  expect(limitOf({ flops: 10, read: 65536 }, machine)).toEqual({ time: 65536 / 20, by: 'bytes' });
});

test('the stream is the one that writes the same share', () => {
  const time = (read: number, written: number): number => limitOf({ read, written }, machine)!.time;
  expect(time(4096, 0)).toBeCloseTo(4096 / 100);
  expect(time(4095, 1)).toBeCloseTo(4096 / 100);
  expect(time(2731, 1365)).toBeCloseTo(4096 / 80);
  expect(time(2048, 2048)).toBeCloseTo(4096 / 90);
});

test('no limit is claimed where none was measured or nothing was stated', () => {
  expect(limitOf({ flops: 1, precision: 'int8' }, machine)).toBeUndefined();
  expect(limitOf({ flops: 1 }, undefined)).toBeUndefined();
  expect(limitOf({}, machine)).toBeUndefined();
});
