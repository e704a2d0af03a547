/**
 * A name under which an attachment can be saved, made of the one that a stranger proposed.
 *
 * It has no directory, is no hidden file and no device, and can be one on every system;
 * what it is like at its end is kept, because programs go by it.
 */
import { printableLine } from './printable.ts';

const MAX_NAME_OCTETS = 120;
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Makes a name; `fallback` where nothing of the proposed one is left. */
export function safeFileName(proposed: string | undefined, fallback: string): string {
  const last = printableLine(proposed ?? '').replace(/^[^]*[/\\]/, '');
  const clean = last
    .replace(/[<>:"|?*\u0000-\u001f\u007f-\u009f\ufffd]/g, '_')
    .replace(/^[.\s~-]+/, '')
    .replace(/[.\s]+$/, '');
  const name = DEVICES.test(clean) ? `_${clean}` : clean;
  return name.replaceAll('_', '') === '' ? fallback : shortened(name);
}

/** The names of a message's attachments are told apart: `a.txt`, `a (2).txt`. */
export function distinctName(name: string, taken: ReadonlySet<string>): string {
  let candidate = name;
  for (let i = 2; taken.has(candidate.toLowerCase()); i++) {
    const [stem, ending] = split(name);
    candidate = `${stem} (${i})${ending}`;
  }
  return candidate;
}

function shortened(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_OCTETS) return name;
  const [stem, ending] = split(name);
  let kept = '';
  for (const character of stem) {
    if (Buffer.byteLength(kept + character + ending) > MAX_NAME_OCTETS) break;
    kept += character;
  }
  return kept + ending;
}

/** Before and from the last dot, where what follows it is short enough to be an ending. */
function split(name: string): readonly [stem: string, ending: string] {
  const ending = /\.[^.]{1,16}$/.exec(name)?.[0] ?? '';
  return [name.slice(0, name.length - ending.length), ending];
}
