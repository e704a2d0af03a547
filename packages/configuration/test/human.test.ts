import { describe, expect, test } from 'vitest';
import { parseDuration, parseListen, parseNetwork, parseSize } from '../src/human.ts';
import { nearest } from '../src/nearest.ts';

describe('sizes', () => {
  test.each([
    ['0B', 0],
    ['25MB', 25_000_000],
    ['25 mb', 25_000_000],
    ['1.5GiB', 1_610_612_736],
    ['64KiB', 65_536],
    ['1TB', 1e12],
  ])('%s', (text, bytes) => expect(parseSize(text)).toBe(bytes));
  test.each(['', '25', '25M', '-1MB', '1e3MB', 'MB', '1.MB', '999999999999999TB', '1MB '])(
    '%j is none',
    (text) => expect(parseSize(text)).toBeUndefined(),
  );
});

describe('durations', () => {
  test.each([
    ['0s', 0],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['5d', 432_000_000],
    ['2w', 1_209_600_000],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms));
  test.each(['', '5', '5 m', '1.5h', '-1s', 'm', '5y', '999999999999w'])('%j is none', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
});

describe('listeners', () => {
  test.each([
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[2001:db8::1]:25', { host: '2001:db8::1', port: 25 }],
    ['localhost:2525', { host: 'localhost', port: 2525 }],
    ['unix:/run/x', { path: '/run/x' }],
  ])('%s', (text, address) => expect(parseListen(text)).toEqual(address));
  test.each([
    '',
    '25',
    ':25',
    '::1:25',
    '[127.0.0.1]:25',
    'a b:25',
    '1.2:25',
    'x:65536',
    'x:',
    'unix:',
  ])('%j is none', (text) => expect(parseListen(text)).toBeUndefined());
});

describe('networks', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['192.0.2.1', '192.0.2.1/32'],
    ['::1', '::1/128'],
    ['2001:db8::/032', '2001:db8::/32'],
  ])('%s', (text, network) => expect(parseNetwork(text)).toBe(network));
  test.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10/8',
    '::1/129',
    '::1%lo/64',
    '10.0.0.0/',
  ])('%j is none', (text) => expect(parseNetwork(text)).toBeUndefined());
});

test.each([
  ['outbond', 'outbound'],
  ['lisetn', 'listen'],
  ['relay', 'relayhost'],
  ['Outbound', 'outbound'],
  ['li', undefined],
  ['milter', undefined],
])('the nearest key to %s is %s', (word, meant) => {
  expect(nearest(word, ['outbound', 'listen', 'listen_tls', 'relayhost'])).toBe(meant);
});
